//! Rust text without what is not code: comments and the insides of strings become blanks, so that a rule can look for
//! words without tripping over prose. Not a parser: it knows as much of the language as that takes.

/// The same text, line by line as long as before, with comments and literals blanked out.
pub(super) fn code_only(text: &str) -> String {
    let characters: Vec<char> = text.chars().collect();
    let mut code = String::with_capacity(text.len());
    let mut position = 0;
    while position < characters.len() {
        let rest = &characters[position..];
        let skipped = comment(rest).or_else(|| literal(rest, code.chars().next_back()));
        if let Some(length) = skipped {
            code.extend(rest[..length].iter().map(|&character| blank(character)));
            position += length;
        } else {
            code.push(rest[0]);
            position += 1;
        }
    }
    code
}

/// Each line of the code, with its number as editors count.
pub(super) fn numbered(code: &str) -> impl Iterator<Item = (usize, &str)> {
    code.lines()
        .enumerate()
        .map(|(index, line)| (index + 1, line))
}

/// The number of the line that holds the byte at `position`.
pub(super) fn line_number(text: &str, position: usize) -> usize {
    text[..position].matches('\n').count() + 1
}

/// Where `word` stands in `line` by itself, not as a part of a longer name.
pub(super) fn words<'t>(line: &'t str, word: &'t str) -> impl Iterator<Item = usize> + 't {
    line.match_indices(word)
        .map(|(position, _)| position)
        .filter(move |&position| {
            let before = line[..position].chars().next_back();
            let after = line[position + word.len()..].chars().next();
            !before.is_some_and(is_name) && !after.is_some_and(is_name)
        })
}

pub(super) fn is_name(character: char) -> bool {
    character.is_alphanumeric() || character == '_'
}

fn blank(character: char) -> char {
    if character == '\n' { '\n' } else { ' ' }
}

/// The length of the comment that `rest` begins with.
fn comment(rest: &[char]) -> Option<usize> {
    if rest.starts_with(&['/', '/']) {
        return Some(until(rest, |tail| tail[0] == '\n'));
    }
    if !rest.starts_with(&['/', '*']) {
        return None;
    }
    let mut depth = 0_usize;
    let mut position = 0;
    while position < rest.len() {
        let tail = &rest[position..];
        match (tail.starts_with(&['/', '*']), tail.starts_with(&['*', '/'])) {
            (true, _) => depth += 1,
            (_, true) => depth -= 1,
            _ => {
                position += 1;
                continue;
            }
        }
        position += 2;
        if depth == 0 {
            break;
        }
    }
    Some(position)
}

/// The length of the string or character literal that `rest` begins with; `before` is what stands in front of it.
fn literal(rest: &[char], before: Option<char>) -> Option<usize> {
    match rest[0] {
        '"' => Some(quoted(rest, '"')),
        // A lifetime has no closing quote; a character has it after one character or an escape.
        '\'' if rest.get(1) == Some(&'\\') || rest.get(2) == Some(&'\'') => {
            Some(quoted(rest, '\''))
        }
        'r' if !before.is_some_and(|before| is_name(before) && before != 'b' && before != 'c') => {
            raw(rest)
        }
        _ => None,
    }
}

/// The length of a literal with escapes, both quotes included.
fn quoted(rest: &[char], quote: char) -> usize {
    let mut position = 1;
    while position < rest.len() && rest[position] != quote {
        position += if rest[position] == '\\' { 2 } else { 1 };
    }
    (position + 1).min(rest.len())
}

/// The length of a raw string: `r"..."`, or with as many `#` as it likes.
fn raw(rest: &[char]) -> Option<usize> {
    let hashes = rest[1..]
        .iter()
        .take_while(|&&character| character == '#')
        .count();
    let start = 1 + hashes;
    if rest.get(start) != Some(&'"') {
        return None;
    }
    let mut end = vec!['"'];
    end.resize(1 + hashes, '#');
    let inside = until(&rest[start + 1..], |tail| tail.starts_with(&end));
    Some((start + 1 + inside + end.len()).min(rest.len()))
}

/// How many characters pass before the tail of `rest` is such that `stop` holds.
fn until(rest: &[char], stop: impl Fn(&[char]) -> bool) -> usize {
    (0..rest.len())
        .find(|&position| stop(&rest[position..]))
        .unwrap_or(rest.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comments_are_blanked() {
        assert_eq!(code_only("a // b\nc"), "a     \nc");
        assert_eq!(code_only("a /* b /* c */ d */ e"), "a                   e");
        assert_eq!(code_only("a / b /* open\nc"), "a / b        \n ");
    }

    #[test]
    fn strings_are_blanked_and_what_follows_is_not() {
        assert_eq!(code_only(r#"f("a \" b") c"#), "f(        ) c");
        assert_eq!(code_only(r##"f(r#"a " b"#) c"##), "f(          ) c");
        assert_eq!(code_only(r#"br"\" c"#), "b     c");
        assert_eq!(code_only("\"a\nb\" c"), "  \n   c");
    }

    #[test]
    fn characters_are_blanked_and_lifetimes_are_not() {
        assert_eq!(code_only(r#"'"' a '\'' b"#), "    a      b");
        assert_eq!(code_only("fn f<'a>(x: &'a str)"), "fn f<'a>(x: &'a str)");
        assert_eq!(code_only("r#type for_r\"x\""), "r#type for_r   ");
    }

    #[test]
    fn a_word_is_not_found_inside_a_longer_one() {
        assert_eq!(
            Vec::from_iter(words("unsafe_code unsafe unsafely", "unsafe")),
            [12]
        );
    }
}
