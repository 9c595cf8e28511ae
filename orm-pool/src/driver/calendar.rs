//! Reads dates and times from the text that PostgreSQL and MySQL show for them.

use crate::text;

/// Reads `YYYY-MM-DD`, of the years with four digits.
pub(super) fn read_date(text: &str) -> Option<i32> {
    let [year, month, day] = parts(text, '-')?;
    (text.len() == 10).then(|| text::days(year, month as u32, day as u32))
}

/// Reads `HH:MM:SS[.ffffff]`.
pub(super) fn read_time(text: &str) -> Option<i64> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, "0"));
    let [hour, minute, second] = parts(whole, ':')?;
    let padded = format!("{fraction:0<6}");
    let micros: i64 = padded.parse().ok().filter(|_| padded.len() == 6)?;
    (hour < 24).then(|| (hour * 3600 + minute * 60 + second) * 1_000_000 + micros)
}

/// Reads a date and a time with a space between them.
pub(super) fn read_moment(text: &str) -> Option<i64> {
    let (date, time) = text.split_once(' ')?;
    Some(i64::from(read_date(date)?) * text::DAY + read_time(time)?)
}

fn parts(text: &str, separator: char) -> Option<[i64; 3]> {
    let mut parts = text.split(separator).map(|part| part.parse().ok().filter(|_| part.len() >= 2));
    let found = [parts.next()??, parts.next()??, parts.next()??];
    parts.next().is_none().then_some(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_read_back_as_the_same_days() {
        for days in [0, -1, 1, -719_162, 2_932_896, 11_016, -25_509, 19_782] {
            assert_eq!(read_date(&text::date(days)), Some(days), "{}", text::date(days));
        }
        assert_eq!(read_date("infinity"), None);
        assert_eq!(read_date("12024-01-01"), None);
        assert_eq!(read_moment("1970-01-01 00:00:01.5"), Some(1_500_000));
        assert_eq!(read_moment("0044-03-15 12:00:00 BC"), None);
        assert_eq!(read_time("23:59:59.999999"), Some(86_399_999_999));
        assert_eq!(read_time("24:00:00"), None);
    }
}
