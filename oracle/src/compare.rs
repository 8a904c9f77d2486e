//! Two traces side by side, and what is to be said about them.

use crate::trace::Line;

/// Where the traces part, if they do: their lines against those that our side says they should be.
pub(crate) fn difference(theirs: &[String], ours: &[Line]) -> Option<String> {
    let expected: Vec<&String> = ours
        .iter()
        .filter_map(|line| match line {
            Line::Same(text) | Line::Theirs(text, _) => Some(text),
            Line::Ours(..) => None,
        })
        .collect();
    if theirs.iter().eq(expected) {
        return None;
    }
    let mut text = "  asyncio:\n".to_owned();
    for line in theirs {
        text += &format!("    {line}\n");
    }
    text += "  smolio:\n";
    for line in ours {
        text += &match line {
            Line::Same(line) => format!("    {line}\n"),
            Line::Ours(line, reason) => format!("    {line} (not in asyncio: {reason})\n"),
            Line::Theirs(line, reason) => format!("    [{line}] (asyncio only: {reason})\n"),
        };
    }
    Some(text)
}

/// The lines that differ on purpose, `-` for asyncio and `+` for smolio, and the reasons; `None` if there are none.
pub(crate) fn purpose(ours: &[Line]) -> Option<String> {
    let mut lines = Vec::new();
    let mut reasons: Vec<&str> = Vec::new();
    for line in ours {
        let (sign, text, reason) = match line {
            Line::Same(_) => continue,
            Line::Ours(text, reason) => ('+', text, reason),
            Line::Theirs(text, reason) => ('-', text, reason),
        };
        lines.push(format!("  {sign} {text}"));
        if !reasons.contains(reason) {
            reasons.push(reason);
        }
    }
    if lines.is_empty() {
        return None;
    }
    lines.extend(reasons.iter().map(|reason| format!("  because {reason}")));
    Some(lines.join("\n"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn same(text: &str) -> Line {
        Line::Same(text.to_owned())
    }

    #[test]
    fn the_same_lines_are_no_difference() {
        let theirs = ["0 a".to_owned(), "1 b".to_owned()];
        assert_eq!(difference(&theirs, &[same("0 a"), same("1 b")]), None);
        assert_eq!(purpose(&[same("0 a")]), None);
    }

    #[test]
    fn another_order_is_a_difference() {
        let theirs = ["0 a".to_owned(), "0 b".to_owned()];
        let told = difference(&theirs, &[same("0 b"), same("0 a")]).unwrap();
        assert_eq!(
            told,
            "  asyncio:\n    0 a\n    0 b\n  smolio:\n    0 b\n    0 a\n"
        );
    }

    #[test]
    fn what_is_on_purpose_is_told_with_its_reason() {
        let ours = [
            same("0 a"),
            Line::Theirs("2 b".to_owned(), "it is so"),
            Line::Ours("1 b".to_owned(), "it is so"),
        ];
        let theirs = ["0 a".to_owned(), "2 b".to_owned()];
        assert_eq!(difference(&theirs, &ours), None);
        assert_eq!(
            purpose(&ours).unwrap(),
            "  - 2 b\n  + 1 b\n  because it is so"
        );
    }

    #[test]
    fn what_is_on_purpose_no_more_is_a_difference() {
        let ours = [Line::Theirs("2 b".to_owned(), "it was so")];
        assert!(difference(&["1 b".to_owned()], &ours).is_some());
    }
}
