//! Recognizes dates, times of day and points in time in the usual forms. Their cells stay text.

use super::class::Class;

/// The class of a cell that is a day, a time or both.
pub(super) fn class(cell: &str) -> Option<Class> {
    let first_is_digit = cell.as_bytes().first().is_some_and(u8::is_ascii_digit);
    if !first_is_digit || cell.len() > 40 {
        return None;
    }
    if is_date(cell) {
        return Some(Class::Date);
    }
    if is_time(cell) {
        return Some(Class::Time);
    }
    let (date, time) = cell.split_once(['T', 't', ' '])?;
    (is_date(date) && is_time(time.trim())).then_some(Class::Timestamp)
}

fn is_date(text: &str) -> bool {
    for separator in ['-', '/', '.'] {
        let mut parts = text.split(separator);
        let (Some(a), Some(b), Some(c), None) =
            (parts.next(), parts.next(), parts.next(), parts.next())
        else {
            continue;
        };
        let year_first =
            a.len() == 4 && is_within(a, 0, 9999) && is_within(b, 1, 12) && is_within(c, 1, 31);
        let year = (c.len() == 4 || c.len() == 2) && is_within(c, 0, 9999);
        let day_first = is_within(a, 1, 31) && is_month(b);
        let month_first = is_within(a, 1, 12) && is_within(b, 1, 31);
        if year_first || (year && (day_first || month_first)) {
            return true;
        }
    }
    false
}

fn is_month(text: &str) -> bool {
    const MONTHS: [&str; 12] = [
        "jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec",
    ];
    is_within(text, 1, 12) || MONTHS.iter().any(|month| text.eq_ignore_ascii_case(month))
}

/// Hours and minutes, perhaps seconds with a fraction, AM or PM, and a zone.
fn is_time(text: &str) -> bool {
    let text = text
        .strip_suffix(['Z', 'z'])
        .or_else(|| text.strip_suffix(" UTC"))
        .unwrap_or(text);
    let text = match text.rfind(['+', '-']) {
        Some(at) => {
            let (time, zone) = text.split_at(at);
            let zone: String = zone.chars().skip(1).filter(|c| *c != ':').collect();
            if !matches!(zone.len(), 2 | 4) || !zone.bytes().all(|byte| byte.is_ascii_digit()) {
                return false;
            }
            time.trim_end()
        }
        None => text,
    };
    let (text, latest) = match text
        .len()
        .checked_sub(2)
        .and_then(|at| text.split_at_checked(at))
    {
        Some((time, half))
            if half.eq_ignore_ascii_case("am") || half.eq_ignore_ascii_case("pm") =>
        {
            (time.trim_end(), 12)
        }
        _ => (text, 24),
    };
    let (text, fraction) = text.split_once(['.', ',']).unwrap_or((text, "0"));
    let mut parts = text.split(':');
    let hours = parts.next().is_some_and(|part| is_within(part, 0, latest));
    let minutes = parts
        .next()
        .is_some_and(|part| part.len() == 2 && is_within(part, 0, 59));
    let seconds = parts
        .next()
        .is_none_or(|part| part.len() == 2 && is_within(part, 0, 60));
    let is_fraction = !fraction.is_empty() && fraction.bytes().all(|byte| byte.is_ascii_digit());
    hours && minutes && seconds && parts.next().is_none() && is_fraction
}

fn is_within(text: &str, least: u32, most: u32) -> bool {
    let is_digits = (1..=4).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
    is_digits
        && text
            .parse()
            .is_ok_and(|number: u32| (least..=most).contains(&number))
}
