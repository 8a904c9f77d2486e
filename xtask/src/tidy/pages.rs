//! Rules about the pages in `docs/` and their like: what leads nowhere, and what is promised and not there.

use std::collections::BTreeSet;

use super::Repository;
use crate::workspace::TextFile;

const NAMES: &str = "docs/asyncio-names.txt";
const FROM_ASYNCIO: &str = "docs/from-asyncio.md";

/// Who comes from asyncio looks for a name.
pub(super) fn asyncio_names(repository: &Repository) -> Vec<String> {
    let (Some(names), Some(page)) = (repository.file(NAMES), repository.file(FROM_ASYNCIO)) else {
        return vec![format!(
            "{FROM_ASYNCIO}:1: this page or {NAMES} is missing: it says what became of each name of asyncio"
        )];
    };
    let mut explained = BTreeSet::new();
    for (_, line) in prose(page) {
        if line.starts_with('#') {
            explained.extend(code_spans(line));
        } else if let [first, ..] = cells(line)[..] {
            explained.extend(code_spans(first));
        }
    }
    let mut complaints = Vec::new();
    for (number, line) in (1..).zip(names.text.lines()) {
        // `name (3.14)`: since that version.
        let name = line.split_once(" (").map_or(line, |(name, _)| name);
        if !explained.contains(name) {
            complaints.push(format!(
                "{NAMES}:{number}: {FROM_ASYNCIO} has neither a heading nor a row for `{name}`: say what takes its place, or why nothing does"
            ));
        }
    }
    complaints
}

/// A row with an empty cell, and a heading with nothing below it, are promises.
pub(super) fn empty_places(repository: &Repository) -> Vec<String> {
    let mut complaints = Vec::new();
    for page in pages(repository).filter(|page| page.path.starts_with("docs/")) {
        let path = &page.path;
        // The heading that nothing has been said about yet.
        let mut open: Option<(usize, &str)> = None;
        let mut told = |open: Option<(usize, &str)>| {
            if let Some((number, heading)) = open {
                complaints.push(format!(
                    "{path}:{number}: nothing stands below `{heading}`: say something, or remove it"
                ));
            }
        };
        let mut empty_rows = Vec::new();
        for (number, line) in lines(page) {
            let Some(line) = line else {
                open = None;
                continue;
            };
            if line.starts_with('#') {
                // One of a lower level is something.
                told(open.filter(|(_, before)| level(before) >= level(line)));
                open = Some((number, line));
            } else if !line.trim().is_empty() {
                open = None;
            }
            if cells(line).iter().any(|cell| cell.trim().is_empty()) {
                empty_rows.push(format!(
                    "{path}:{number}: a cell of this row is empty: fill it"
                ));
            }
        }
        told(open);
        complaints.append(&mut empty_rows);
    }
    complaints
}

/// A link to a file or a heading of ours that is not there leads nowhere, and no compiler sees it.
pub(super) fn links(repository: &Repository) -> Vec<String> {
    let mut complaints = Vec::new();
    for page in pages(repository) {
        for (number, line) in prose(page) {
            for target in targets(line) {
                if let Some(why) = leads_nowhere(repository, page, target) {
                    let path = &page.path;
                    complaints.push(format!("{path}:{number}: the link to `{target}`: {why}"));
                }
            }
        }
    }
    complaints
}

/// The pages that are read where the repository is; those of a crate are read as documentation, and rustdoc knows its links.
fn pages(repository: &Repository) -> impl Iterator<Item = &TextFile> {
    repository
        .files
        .iter()
        .filter(|file| file.path.ends_with(".md") && !file.path.starts_with("crates/"))
}

/// Why a link of `page` leads nowhere, if it does.
fn leads_nowhere(repository: &Repository, page: &TextFile, target: &str) -> Option<String> {
    let is_elsewhere = target.contains("://") || target.starts_with("mailto:");
    if is_elsewhere {
        return None;
    }
    let (path, anchor) = target.split_once('#').unwrap_or((target, ""));
    let file = if path.is_empty() {
        page
    } else {
        let path = resolve(&page.path, path);
        let folder = format!("{path}/");
        let exists = |file: &TextFile| file.path == path || file.path.starts_with(&folder);
        match repository.files.iter().find(|file| exists(file)) {
            Some(file) => file,
            None => return Some(format!("there is no {path}")),
        }
    };
    let has_anchor = || {
        let headings = prose(file).filter(|(_, line)| line.starts_with('#'));
        headings
            .map(|(_, line)| anchor_of(line))
            .any(|of| of == anchor)
    };
    (!anchor.is_empty() && !has_anchor())
        .then(|| format!("{} has no heading for `#{anchor}`", file.path))
}

/// The path that `link` has from the root when it stands in `page`.
fn resolve(page: &str, link: &str) -> String {
    let mut parts: Vec<&str> = page.split('/').collect();
    parts.pop();
    for part in link.trim_end_matches('/').split('/') {
        match part {
            "." => {}
            ".." => drop(parts.pop()),
            part => parts.push(part),
        }
    }
    parts.join("/")
}

/// The anchor that GitHub gives a heading.
fn anchor_of(heading: &str) -> String {
    let text = heading.trim_start_matches('#').trim().to_lowercase();
    let kept = text
        .chars()
        .filter(|character| character.is_alphanumeric() || " -_".contains(*character));
    kept.map(|character| if character == ' ' { '-' } else { character })
        .collect()
}

/// The lines outside of code blocks, with their numbers.
fn prose(page: &TextFile) -> impl Iterator<Item = (usize, &str)> {
    lines(page).filter_map(|(number, line)| Some((number, line?)))
}

/// All lines, with their numbers; those of code blocks without their text.
fn lines(page: &TextFile) -> impl Iterator<Item = (usize, Option<&str>)> {
    let mut in_code = false;
    (1..).zip(page.text.lines()).map(move |(number, line)| {
        let is_fence = line.trim_start().starts_with("```");
        in_code ^= is_fence;
        (number, (!in_code && !is_fence).then_some(line))
    })
}

fn level(heading: &str) -> usize {
    heading
        .chars()
        .take_while(|&character| character == '#')
        .count()
}

/// The cells of a row of a table; none if the line is no row.
fn cells(line: &str) -> Vec<&str> {
    let inside = line
        .strip_prefix('|')
        .and_then(|line| line.strip_suffix('|'));
    let Some(inside) = inside else {
        return Vec::new();
    };
    let mut cells = Vec::new();
    let mut start = 0;
    for (position, _) in inside.match_indices('|') {
        // `\|` is a bar within a cell.
        if !inside[..position].ends_with('\\') {
            cells.push(&inside[start..position]);
            start = position + 1;
        }
    }
    cells.push(&inside[start..]);
    cells
}

/// What stands between backticks.
fn code_spans(line: &str) -> impl Iterator<Item = &str> {
    line.split('`').skip(1).step_by(2)
}

/// Where the links of a line go, those in code left out.
fn targets(line: &str) -> Vec<&str> {
    let mut targets = Vec::new();
    let mut start = 0;
    while let Some(found) = line[start..].find("](") {
        let position = start + found;
        start = position + 2;
        let is_in_code = line[..position].matches('`').count() % 2 == 1;
        let Some((target, _)) = line[start..].split_once(')') else {
            break;
        };
        if !is_in_code {
            targets.push(target);
        }
    }
    targets
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_that_is_not_explained_is_told() {
        let page = "## `run`, `Runner`\n| `sleep` | this |\n|---|---|\ntext on `gather`\n";
        let names = "run\nRunner (3.11)\nsleep\ngather\n";
        let complaints = asyncio_names(&Repository::of_files(&[
            (NAMES, names),
            (FROM_ASYNCIO, page),
        ]));
        assert_eq!(complaints.len(), 1);
        assert!(
            complaints[0].starts_with("docs/asyncio-names.txt:4: "),
            "{}",
            complaints[0]
        );
        assert_eq!(asyncio_names(&Repository::default()).len(), 1);
    }

    #[test]
    fn an_empty_row_and_an_empty_section_are_told() {
        let page = "# Page\n## Full\n| a | b |\n|---|---|\n| `c \\| d` | e |\n| f |  |\n## Empty\n## Last\n";
        let complaints = empty_places(&Repository::of_files(&[("docs/page.md", page)]));
        let numbers: Vec<&str> = complaints
            .iter()
            .map(|complaint| complaint.split(':').nth(1).unwrap())
            .collect();
        assert_eq!(numbers, ["7", "8", "6"]);
    }

    #[test]
    fn a_link_that_leads_nowhere_is_told() {
        let page = "[a](other.md#a-heading) [b](../README.md) [c](#top) [d](../examples)\n\
            [e](https://example.org/no) `[f](none.md)`\n\
            ```text\n[g](none.md)\n```\n\
            [h](none.md) [i](other.md#none) [j](#none)\n\
            # Top\n";
        let files = [
            ("docs/page.md", page),
            ("docs/other.md", "## A `heading`!\n"),
            ("README.md", ""),
            ("examples/a.rs", ""),
        ];
        let complaints = links(&Repository::of_files(&files));
        assert_eq!(
            complaints,
            [
                "docs/page.md:6: the link to `none.md`: there is no docs/none.md",
                "docs/page.md:6: the link to `other.md#none`: docs/other.md has no heading for `#none`",
                "docs/page.md:6: the link to `#none`: docs/page.md has no heading for `#none`",
            ]
        );
    }
}
