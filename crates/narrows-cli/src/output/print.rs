//! Printing of lines, also after the reader of a pipe has gone.

use super::bars::without_bars;
use super::fit::{fitted, plain_spaces};
use super::terminal::stderr_width;
use narrows::plain;
use serde_json::Value;
use std::borrow::Cow;
use std::io::{ErrorKind, Write};
use std::sync::atomic::{AtomicBool, Ordering};

/// Whether rows or a file go to standard output, so that text for people goes to standard error.
static IS_TAKEN: AtomicBool = AtomicBool::new(false);

/// Leaves standard output to what a command writes: text for people goes to standard error from now on.
pub fn leave_standard_output() {
    IS_TAKEN.store(true, Ordering::SeqCst);
}

/// Prints to standard output, or to standard error where standard output has rows or a file. When the reader has gone,
/// there is nobody to tell; when the text is lost for another reason, as on a full disk, this ends the command.
pub fn print(text: &str) {
    if IS_TAKEN.load(Ordering::SeqCst) {
        return note(text);
    }
    let mut output = std::io::stdout().lock();
    let text = plain::lines(text);
    let text = plain_spaces(&text);
    match writeln!(output, "{text}").and_then(|()| output.flush()) {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => {
            note(&format!(
                "narrows: error: cannot write to standard output: {error}"
            ));
            std::process::exit(1);
        }
        _ => {}
    }
}

/// Prints a result, which is an object, with the instruction set that it was computed with.
pub fn print_json(mut result: Value) {
    result["isa"] = narrows::isa::name().into();
    print(&result.to_string());
}

/// Prints to standard error, above the bars.
pub fn note(text: &str) {
    let text = for_stderr(text);
    without_bars(|| {
        let _ = writeln!(std::io::stderr().lock(), "{text}");
    });
}

/// Ends the process, after a text if there is one. No bar stays on the screen.
pub fn end(text: Option<&str>, code: u8) -> ! {
    let text = text.map(for_stderr);
    without_bars(|| {
        if let Some(text) = text {
            let _ = writeln!(std::io::stderr().lock(), "{text}");
        }
        std::process::exit(code.into())
    })
}

/// The text as standard error shows it; on a terminal, lines are broken between words.
fn for_stderr(text: &str) -> String {
    let text = plain::lines(text);
    let text: Cow<'_, str> = match stderr_width() {
        Some(width) => fitted(&text, width).into(),
        None => text,
    };
    plain_spaces(&text).into_owned()
}
