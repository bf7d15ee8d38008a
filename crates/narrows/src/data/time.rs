//! Columns of times, and whether the rows are in their order, as in a time series.

use super::column::Cells;
use super::schema::ColumnKind;

/// The usual names of columns of times whose cells are numbers.
const NAMES: [&str; 26] = [
    "t",
    "ts",
    "time",
    "datetime",
    "date",
    "epoch",
    "unix",
    "unixtime",
    "posixtime",
    "timems",
    "epochms",
    "elapsed",
    "year",
    "day",
    "hour",
    "jd",
    "mjd",
    "zeit",
    "uhrzeit",
    "datum",
    "jahr",
    "temps",
    "heure",
    "fecha",
    "hora",
    "tiempo",
];

/// Endings of such names.
const ENDINGS: [&str; 2] = ["timestamp", "zeitstempel"];

/// The most numbers in a time: year, month, day, hour, minute, second and a fraction.
const PARTS: usize = 7;

/// The place of the hour among them.
const HOUR: usize = 3;

/// With fewer rows than this, an order may be a coincidence.
const LEAST_ROWS: usize = 10;

/// A column of times that the rows of a table are in the order of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InOrder {
    /// The name of the column.
    pub column: String,
    /// Whether the latest row comes first.
    pub is_latest_first: bool,
}

/// Whether a column may hold the time of each row.
pub(super) fn may_be_time(name: &str, kind: ColumnKind) -> bool {
    match kind {
        ColumnKind::Date | ColumnKind::Time | ColumnKind::Timestamp | ColumnKind::Duration => true,
        ColumnKind::Integer | ColumnKind::Float | ColumnKind::Float32 => {
            let name = name.to_ascii_lowercase().replace(['_', ' ', '-'], "");
            NAMES.contains(&name.as_str()) || ENDINGS.iter().any(|ending| name.ends_with(ending))
        }
        _ => false,
    }
}

/// Checks the times of one row after the other.
#[derive(Clone, Debug)]
pub(super) struct Times {
    column: String,
    rows: usize,
    /// The time of the row before, in each possible reading: a text may have year, month and day in three orders.
    before: Option<[[f64; PARTS]; WAYS]>,
    /// For each reading, whether times never fall, whether they never rise, and whether any differ.
    rises: [bool; WAYS],
    falls: [bool; WAYS],
    differs: bool,
}

/// Year first, day first, month first.
const WAYS: usize = 3;

impl Times {
    pub(super) fn new(column: &str) -> Self {
        Times {
            column: column.to_string(),
            rows: 0,
            before: None,
            rises: [true; WAYS],
            falls: [true; WAYS],
            differs: false,
        }
    }

    /// Adds the cells of a block.
    pub(super) fn add(&mut self, cells: &Cells) {
        for row in 0..cells.len() {
            if !self.may_be_in_order() {
                return;
            }
            if !cells.is_missing(row) {
                self.add_time(time_of(cells, row));
            }
        }
    }

    fn may_be_in_order(&self) -> bool {
        self.rises.contains(&true) || self.falls.contains(&true)
    }

    fn add_time(&mut self, time: Option<[f64; PARTS]>) {
        let Some(time) = time else {
            (self.rises, self.falls) = ([false; WAYS], [false; WAYS]);
            return;
        };
        let [a, b, c, ..] = time;
        let way = |date: [f64; 3]| {
            let mut time = time;
            time[..3].copy_from_slice(&date);
            time
        };
        let ways = [time, way([c, b, a]), way([c, a, b])];
        if let Some(before) = &self.before {
            for (way, (before, now)) in before.iter().zip(&ways).enumerate() {
                self.rises[way] &= before <= now;
                self.falls[way] &= before >= now;
            }
            self.differs |= *before != ways;
        }
        self.before = Some(ways);
        self.rows += 1;
    }

    /// The order of the rows, if they are ordered.
    pub(super) fn order(self) -> Option<InOrder> {
        let is_told = self.differs && self.rows >= LEAST_ROWS && self.may_be_in_order();
        is_told.then(|| InOrder {
            column: self.column,
            is_latest_first: !self.rises.contains(&true),
        })
    }
}

fn time_of(cells: &Cells, row: usize) -> Option<[f64; PARTS]> {
    let number = match cells {
        Cells::Integers(values, _) => *values.get(row)? as f64,
        Cells::Unsigned(values, _) => *values.get(row)? as f64,
        Cells::Floats(values) => *values.get(row)?,
        Cells::Floats32(values) => f64::from(*values.get(row)?),
        Cells::Texts(texts) => return parts_of(texts.get(row)),
    };
    Some([number, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0])
}

/// The numbers of a time in the order of the text, with months as numbers and afternoon hours after morning hours.
fn parts_of(text: &str) -> Option<[f64; PARTS]> {
    const MONTHS: [&str; 12] = [
        "jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec",
    ];
    let mut parts = [0.0; PARTS];
    let mut place = 0;
    for (start, word) in words(text) {
        let (before, has_time) = (&text[..start], text[..start].contains(':'));
        // A time of day without a date has its hour where other times have theirs.
        if !has_time && text[start + word.len()..].starts_with(':') {
            place = place.max(HOUR);
        }
        let number = match word.parse::<f64>() {
            Ok(number) if has_time && before.ends_with('.') => {
                number / 10_f64.powi(word.len() as i32)
            }
            // A time zone: it must be the same in all rows, otherwise times cannot be compared by their numbers.
            Ok(_) if has_time && before.ends_with(['+', '-']) => break,
            Ok(number) => number,
            Err(_) => {
                let word = word.to_ascii_lowercase();
                match MONTHS.iter().position(|month| *month == word) {
                    Some(month) => month as f64 + 1.0,
                    None => {
                        if word == "pm" && parts[HOUR] < 12.0 {
                            parts[HOUR] += 12.0;
                        } else if word == "am" && parts[HOUR] == 12.0 {
                            parts[HOUR] = 0.0;
                        }
                        continue;
                    }
                }
            }
        };
        *parts.get_mut(place)? = number;
        place += 1;
    }
    (place > 0).then_some(parts)
}

/// The runs of digits and of letters, with their positions.
fn words(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let kind = |byte: u8| (byte.is_ascii_digit(), byte.is_ascii_alphabetic());
    let mut start = 0;
    let runs = text.as_bytes().chunk_by(move |a, b| kind(*a) == kind(*b));
    runs.filter_map(move |run| {
        let from = start;
        start += run.len();
        let is_word = run.first().is_some_and(u8::is_ascii_alphanumeric);
        Some((from, text.get(from..start)?)).filter(|_| is_word)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::texts::Texts;

    fn order(texts: &[String]) -> Option<InOrder> {
        let mut times = Times::new("when");
        let mut cells = Texts::default();
        texts.iter().for_each(|text| cells.push(text));
        times.add(&Cells::Texts(Box::new(cells)));
        times.order()
    }

    #[test]
    fn times_in_the_usual_forms_are_compared() {
        let days = 1..=28;
        let forms: [fn(u32) -> String; 7] = [
            |day| format!("2024-{:02}-{:02}", 1 + day / 15, 1 + day % 15),
            |day| format!("{}/{}/2024", 1 + day % 15, 1 + day / 15),
            |day| format!("{}/{}/2024", 1 + day / 15, 1 + day % 15),
            |day| format!("{day}-Mar-24"),
            |day| format!("2024-03-01T10:{day}:00.5+02:00"),
            |day| format!("2024-03-01 10:00:0{}", f64::from(day) / 10.0),
            |day| {
                format!(
                    "2024-03-01 {}:30 {}",
                    (day + 11) % 12 + 1,
                    if day < 12 { "AM" } else { "PM" }
                )
            },
        ];
        for (index, form) in forms.iter().enumerate() {
            let days = match index {
                6 => 1..=22,
                _ => days.clone(),
            };
            let texts: Vec<String> = days.map(form).collect();
            let found = order(&texts).unwrap_or_else(|| panic!("{texts:?}"));
            assert!(!found.is_latest_first);
            let reverse: Vec<String> = texts.iter().rev().cloned().collect();
            assert!(order(&reverse).unwrap().is_latest_first);
            let mut mixed = texts;
            mixed.swap(3, 17);
            assert_eq!(order(&mixed), None);
        }
    }

    #[test]
    fn times_of_day_are_compared_by_their_hours() {
        let minutes: Vec<String> = (0..1440)
            .step_by(20)
            .map(|minute| format!("{:02}:{:02}", minute / 60, minute % 60))
            .collect();
        assert!(!order(&minutes).unwrap().is_latest_first);
        let halves: Vec<String> = (0..24)
            .map(|hour| {
                let half = if hour < 12 { "AM" } else { "PM" };
                format!("{}:30 {half}", (hour + 11) % 12 + 1)
            })
            .collect();
        assert!(!order(&halves).unwrap().is_latest_first);
        let same_minutes: Vec<String> = (0..24)
            .map(|row| format!("{}:30:15", row * 7 % 24))
            .collect();
        assert_eq!(order(&same_minutes), None);
    }

    #[test]
    fn few_rows_and_one_time_are_no_order() {
        let same = vec!["2024-03-01".to_string(); 50];
        assert_eq!(order(&same), None);
        let few: Vec<String> = (1..9).map(|day| format!("2024-03-0{day}")).collect();
        assert_eq!(order(&few), None);
    }

    #[test]
    fn numbers_are_times_by_the_name_of_their_column() {
        assert!(may_be_time("Unix_Time", ColumnKind::Integer));
        assert!(may_be_time("event_timestamp", ColumnKind::Float));
        assert!(may_be_time("when", ColumnKind::Date));
        assert!(may_be_time("at", ColumnKind::Time));
        assert!(may_be_time("t", ColumnKind::Integer));
        assert!(!may_be_time("response_time", ColumnKind::Float));
        assert!(!may_be_time("time", ColumnKind::Text));
        let mut times = Times::new("time");
        times.add(&Cells::Integers((0..20).collect(), None));
        times.add(&Cells::Integers((20..25).collect(), None));
        assert_eq!(times.clone().order().unwrap().column, "time");
        times.add(&Cells::Integers(vec![3], None));
        assert_eq!(times.order(), None);
    }
}
