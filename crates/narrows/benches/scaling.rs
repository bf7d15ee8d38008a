//! The time and the memory of a training step for different numbers of threads, batches, widths and depths: `cargo
//! bench -p narrows --bench scaling`. `-- --write` also writes the tables into docs/PERFORMANCE.md.

use narrows::Recipe;
use narrows::data::{Dataset, Values};
use narrows::threads::available_threads;
use narrows::train::{Memory, Profile, Training};
use std::fmt::Write;
use std::ops::ControlFlow;
use std::time::{Duration, Instant};

const INPUTS: usize = 784;
const ROWS: usize = 8192;
/// How long a setting is measured at a time, and how often; the fastest time counts.
const SPAN: Duration = Duration::from_millis(500);
const TIMES: usize = 3;

const BEGIN: &str = "<!-- scaling: begin -->";
const END: &str = "<!-- scaling: end -->";

/// One row of a table.
struct Setting {
    name: String,
    /// Outputs of the encoder's layers; the decoder mirrors them.
    widths: Vec<usize>,
    batch: usize,
    /// 0 for as many as the library chooses.
    threads: usize,
}

fn main() {
    let data = noise();
    let mut text = format!(
        "{} cores; means over steps of the fastest of {TIMES} spans of {} ms.\n",
        available_threads(),
        SPAN.as_millis()
    );
    for (head, settings) in studies() {
        let table = table(head, &settings, &data);
        println!("{table}");
        text += "\n";
        text += &table;
    }
    if std::env::args().any(|argument| argument == "--write") {
        write(&text);
    }
}

fn studies() -> Vec<(&'static str, Vec<Setting>)> {
    let simple = || vec![128, 64, 32, 16, 8];
    let hinton = || vec![1000, 500, 250, 30];
    let setting = |name: String, widths, batch, threads| Setting {
        name,
        widths,
        batch,
        threads,
    };
    let threads = [1, 2, 4, 8].into_iter().flat_map(|threads| {
        [
            setting(
                format!("{threads}, 784-128-…-8 at 64"),
                simple(),
                64,
                threads,
            ),
            setting(
                format!("{threads}, 784-1000-…-30 at 512"),
                hinton(),
                512,
                threads,
            ),
        ]
    });
    let mut threads: Vec<Setting> = threads.collect();
    threads.sort_by_key(|setting| setting.batch);
    let batches = (4..=12).map(|power| 1 << power);
    let widths = (6..=12).map(|power| 1 << power);
    vec![
        ("threads", threads),
        (
            "batch, 784-512-512-32",
            batches
                .map(|batch| setting(batch.to_string(), vec![512, 512, 32], batch, 0))
                .collect(),
        ),
        (
            "width, 784-width-width-32 at 64",
            widths
                .map(|width| setting(width.to_string(), vec![width, width, 32], 64, 0))
                .collect(),
        ),
        (
            "hidden layers of 256, each side, at 64",
            [1, 2, 4, 8, 16]
                .map(|depth| {
                    let mut widths = vec![256; depth];
                    widths.push(32);
                    setting(depth.to_string(), widths, 64, 0)
                })
                .into(),
        ),
    ]
}

/// Rows of pseudo-random 8-bit values.
fn noise() -> Dataset {
    let values = (0..ROWS * INPUTS).map(|i| ((i * 2_654_435_761) >> 7) as u8);
    let rows = ndarray::Array2::from_shape_vec((ROWS, INPUTS), values.collect());
    let rows = Values::U8(rows.expect("the right number"));
    Dataset::new("noise", rows, vec![INPUTS], None).expect("sound data")
}

impl Setting {
    fn recipe(&self) -> Recipe {
        let layer = |width: &usize| format!("{{ layer = \"dense\", outputs = {width} }}");
        let relu = ", { layer = \"relu\" }, ";
        let join = |layers: Vec<String>| layers.join(relu);
        let back = self.widths.iter().rev().skip(1).map(layer);
        let text = format!(
            "name = \"scaling\"\nencoder = [{}]\ndecoder = [{}]\n[training]\nbatch_size = {}\nepochs = 1000000\n",
            join(self.widths.iter().map(layer).collect()),
            join(back.chain(["{ layer = \"dense\" }".into()]).collect()),
            self.batch
        );
        Recipe::parse(&text, "scaling").expect("a sound recipe")
    }

    /// The profile of the fastest span, and the memory.
    fn measure(&self, data: &Dataset) -> (Profile, Memory) {
        let mut training = Training::new(&self.recipe(), data, self.threads).expect("a sound run");
        let mut profiles = Vec::new();
        for time in 0..=TIMES {
            // The first is to warm up.
            let span = if time == 0 { SPAN / 5 } else { SPAN };
            training.start_profile();
            let start = Instant::now();
            while start.elapsed() < span {
                training
                    .epoch_while(|_, _| {
                        if start.elapsed() < span {
                            ControlFlow::Continue(())
                        } else {
                            ControlFlow::Break(())
                        }
                    })
                    .expect("a sound step");
            }
            profiles.extend(training.profile().filter(|_| time > 0));
        }
        let fastest = profiles
            .into_iter()
            .min_by(|a, b| a.seconds.total_cmp(&b.seconds));
        (fastest.expect("a step"), training.memory())
    }
}

/// A time of three significant digits.
fn time(seconds: f64) -> String {
    let (value, unit) = match seconds {
        ..1e-3 => (1e6 * seconds, "µs"),
        _ => (1e3 * seconds, "ms"),
    };
    let digits = 2 - value.log10().floor().clamp(0.0, 2.0) as usize;
    format!("{value:.digits$} {unit}")
}

/// Measures settings into a table of Markdown.
fn table(head: &str, settings: &[Setting], data: &Dataset) -> String {
    let mut text = format!(
        "| {head} | threads | a step | a row | GFLOP/s | products | optimizer | waiting | parameters | \
         activations | scratch |\n|---|{}\n",
        "---:|".repeat(10)
    );
    for setting in settings {
        let (profile, memory) = setting.measure(data);
        let share = |is_counted: fn(&str) -> bool| {
            let parts = profile.parts.iter().filter(|part| is_counted(part.name));
            100.0 * parts.map(|part| part.seconds).sum::<f64>() / profile.seconds
        };
        let products = profile.parts.iter();
        let operations =
            products.filter_map(|part| Some(part.operations_per_second? * part.seconds));
        let mib = |bytes: usize| format!("{:.2} MiB", bytes as f64 / f64::from(1 << 20));
        let _ = writeln!(
            text,
            "| {} | {} | {} | {} | {:.0} | {:.0} % | {:.0} % | {:.0} % | {} | {} | {} |",
            setting.name,
            profile.threads,
            time(profile.seconds),
            time(profile.seconds / setting.batch as f64),
            operations.sum::<f64>() / profile.seconds / 1e9,
            share(|name| name.ends_with("products") || name.starts_with("gradients")),
            share(|name| name == "optimizer"),
            share(|name| name.starts_with("waiting")),
            mib(memory.parameters + memory.optimizer),
            mib(memory.activations),
            mib(memory.scratch),
        );
    }
    text
}

/// Puts the tables between their marks.
fn write(text: &str) {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/PERFORMANCE.md");
    let page = std::fs::read_to_string(path).expect("docs/PERFORMANCE.md");
    let (before, rest) = page.split_once(BEGIN).expect("the first mark");
    let (_, after) = rest.split_once(END).expect("the second mark");
    let page = format!("{before}{BEGIN}\n{text}{END}{after}");
    std::fs::write(path, page).expect("a page that can be written");
}
