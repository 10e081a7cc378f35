//! Making text that people typed fit for a sentence. What ends up in HTML is escaped besides, in `html`.

use super::address::is_unfit;

/// One line: breaks, tabs and runs of blanks become one blank; control and direction-changing characters go. Text written
/// from right to left is isolated, so that it does not reorder the sentence around it.
pub fn line(text: &str) -> String {
    let spaced: String = text
        .chars()
        .map(|c| if c.is_whitespace() || c == '\u{85}' { ' ' } else { c })
        .filter(|c| !is_unfit(*c))
        .collect();
    let line = spaced.split(' ').filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ");
    if line.chars().any(is_right_to_left) { format!("\u{2068}{line}\u{2069}") } else { line }
}

/// The same, shortened to `max` characters with an ellipsis, for subjects.
pub fn short(text: &str, max: usize) -> String {
    let text = line(text);
    if text.chars().count() <= max {
        return text;
    }
    // Cutting may have cut the end of an isolate off: `line` puts it back.
    line(&format!("{}…", text.chars().take(max - 1).collect::<String>().trim_end()))
}

/// Letters of the scripts written from right to left: Hebrew, Arabic, Syriac, Thaana, N'Ko and their later blocks.
fn is_right_to_left(c: char) -> bool {
    matches!(c, '\u{590}'..='\u{8FF}' | '\u{FB1D}'..='\u{FDFF}' | '\u{FE70}'..='\u{FEFE}' | '\u{10800}'..='\u{10FFF}'
        | '\u{1E800}'..='\u{1EFFF}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_one_line() {
        assert_eq!(line(" a\r\nb\t c\u{2028}d\u{202E}e\u{0} "), "a b c de");
        assert_eq!(line("دانا"), "\u{2068}دانا\u{2069}");
        assert_eq!(short("abcdef", 4), "abc…");
        assert_eq!(short("abcd", 4), "abcd");
        assert_eq!(short(&"ד".repeat(9), 5).chars().filter(|c| matches!(c, '\u{2068}' | '\u{2069}')).count(), 2);
    }
}
