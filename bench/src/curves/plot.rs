//! The curves as a picture: SVG by hand, since the whole of it is lines and words. A panel for each curve, the sizes on an axis
//! where each decade is as wide as the next, and a line for each library, told apart by colour, by dashes, and by words.

use std::fmt::{Arguments, Write};

/// One curve: for each library its costs, one for each size.
pub(super) struct Panel<'p> {
    pub(super) title: &'p str,
    pub(super) sizes: Vec<u64>,
    pub(super) costs: [Vec<f64>; 3],
}

/// The names and the style classes of the libraries.
const LIBRARIES: [(&str, &str); 3] = [("smolio", "ours"), ("tokio", "tokio"), ("smol", "smol")];

const COLUMNS: usize = 2;
const PANEL_WIDTH: f64 = 420.0;
const PANEL_HEIGHT: f64 = 250.0;
const LEGEND_HEIGHT: f64 = 40.0;

/// Around the axes of a panel: room for the title above, for numbers on the left and below.
const LEFT: f64 = 70.0;
const RIGHT: f64 = 20.0;
const TOP: f64 = 34.0;
const BOTTOM: f64 = 30.0;

/// How many spaces the lines across divide the height into.
const SPACES: u32 = 4;

/// Dark on light, or the other way round where the reader's system says so. The picture has no ground of its own.
const STYLE: &str = "\
text { font: 12px sans-serif; fill: #333 }
.title { font-weight: bold }
.middle { text-anchor: middle }
.end { text-anchor: end }
.axis { stroke: #999; fill: none }
.across { stroke: #ddd; fill: none }
.line { fill: none; stroke-width: 2 }
.ours { stroke: #c2410c; stroke-width: 3 }
.tokio { stroke: #2563eb; stroke-dasharray: 7 3 }
.smol { stroke: #15803d; stroke-dasharray: 2 3 }
@media (prefers-color-scheme: dark) {
text { fill: #ddd }
.axis { stroke: #888 }
.across { stroke: #444 }
.ours { stroke: #fb923c }
.tokio { stroke: #60a5fa }
.smol { stroke: #4ade80 }
}";

/// All panels in one picture.
pub(super) fn draw(panels: &[Panel<'_>]) -> String {
    let rows = panels.len().div_ceil(COLUMNS);
    let width = PANEL_WIDTH * COLUMNS as f64;
    let height = LEGEND_HEIGHT + PANEL_HEIGHT * rows as f64;
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" \
         width=\"{width}\" height=\"{height}\" role=\"img\">\n\
         <title>Time per operation as the number grows</title>\n<style>\n{STYLE}\n</style>\n"
    );
    legend(&mut svg);
    for (index, panel) in panels.iter().enumerate() {
        let left = PANEL_WIDTH * (index % COLUMNS) as f64;
        let top = LEGEND_HEIGHT + PANEL_HEIGHT * (index / COLUMNS) as f64;
        push(
            &mut svg,
            format_args!("<g transform=\"translate({left} {top})\">"),
        );
        draw_panel(&mut svg, panel);
        push(&mut svg, format_args!("</g>"));
    }
    svg.push_str("</svg>\n");
    svg
}

fn legend(svg: &mut String) {
    for (index, (name, class)) in LIBRARIES.into_iter().enumerate() {
        let left = LEFT + 110.0 * index as f64;
        push(
            svg,
            format_args!("<path class=\"line {class}\" d=\"M{left} 20 h34\"/>"),
        );
        text(svg, "name", (left + 42.0, 24.0), name);
    }
}

fn draw_panel(svg: &mut String, panel: &Panel<'_>) {
    let costs = panel.costs.iter().flatten().copied();
    let scales = Scales {
        smallest: panel.sizes.first().map_or(1.0, |size| *size as f64),
        largest: panel.sizes.last().map_or(1.0, |size| *size as f64),
        highest: round_up(costs.fold(0.0, f64::max)),
    };
    text(svg, "title", (LEFT, 20.0), panel.title);
    let (right, bottom) = (PANEL_WIDTH - RIGHT, PANEL_HEIGHT - BOTTOM);
    for space in 0..=SPACES {
        let cost = scales.highest * f64::from(space) / f64::from(SPACES);
        let y = scales.y(cost);
        let class = if space == 0 { "axis" } else { "across" };
        push(
            svg,
            format_args!("<path class=\"{class}\" d=\"M{LEFT} {y:.1} H{right}\"/>"),
        );
        let label = format!("{cost} ns");
        text(svg, "end", (LEFT - 8.0, y + 4.0), &label);
    }
    for number in &panel.sizes {
        let x = scales.x(*number as f64);
        push(
            svg,
            format_args!("<path class=\"axis\" d=\"M{x:.1} {bottom} v5\"/>"),
        );
        text(svg, "middle", (x, bottom + 20.0), &size(*number));
    }
    // Ours last, so that it lies on top.
    for ((_, class), costs) in LIBRARIES.into_iter().zip(&panel.costs).rev() {
        line(svg, class, &scales, &panel.sizes, costs);
    }
}

fn line(svg: &mut String, class: &str, scales: &Scales, sizes: &[u64], costs: &[f64]) {
    let points: Vec<String> = sizes
        .iter()
        .zip(costs)
        .map(|(size, cost)| format!("{:.1},{:.1}", scales.x(*size as f64), scales.y(*cost)))
        .collect();
    push(
        svg,
        format_args!(
            "<polyline class=\"line {class}\" points=\"{}\"/>",
            points.join(" ")
        ),
    );
}

/// Where in a panel a size and a cost are.
struct Scales {
    smallest: f64,
    largest: f64,
    highest: f64,
}

impl Scales {
    /// Decades are of equal width.
    fn x(&self, size: f64) -> f64 {
        let decades = (self.largest / self.smallest).log10();
        let part = if decades > 0.0 {
            (size / self.smallest).log10() / decades
        } else {
            0.5
        };
        LEFT + part * (PANEL_WIDTH - LEFT - RIGHT)
    }

    /// From zero, so that what looks twice as high is twice as high.
    fn y(&self, cost: f64) -> f64 {
        let bottom = PANEL_HEIGHT - BOTTOM;
        bottom - cost / self.highest * (bottom - TOP)
    }
}

/// The next number above that divides into [`SPACES`] readable ones.
fn round_up(cost: f64) -> f64 {
    // Also what is not a number, which has no logarithm.
    if !(cost > 0.0 && cost.is_finite()) {
        return 1.0;
    }
    let decade = 10_f64.powf(cost.log10().floor());
    let steps = [1.0, 2.0, 4.0, 6.0, 8.0];
    let step = steps.into_iter().find(|step| cost <= step * decade);
    step.unwrap_or(10.0) * decade
}

/// A size as one says it.
pub(super) fn size(size: u64) -> String {
    match size {
        _ if size >= 1_000_000 && size % 1_000_000 == 0 => format!("{}M", size / 1_000_000),
        _ if size >= 1_000 && size % 1_000 == 0 => format!("{}k", size / 1_000),
        _ => size.to_string(),
    }
}

/// Words at a point; the class says whether they begin, end or have their middle there.
fn text(svg: &mut String, class: &str, (x, y): (f64, f64), words: &str) {
    let words = words
        .replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;");
    push(
        svg,
        format_args!("<text class=\"{class}\" x=\"{x:.1}\" y=\"{y:.1}\">{words}</text>"),
    );
}

fn push(svg: &mut String, element: Arguments<'_>) {
    svg.write_fmt(element).expect("a string takes anything");
    svg.push('\n');
}

#[cfg(test)]
mod tests {
    use super::*;

    fn panel(title: &str) -> Panel<'_> {
        Panel {
            title,
            sizes: vec![64, 1_000, 1_000_000],
            costs: [
                vec![70.0, 71.5, 80.0],
                vec![300.0, 310.0, 512.0],
                vec![150.0, 155.0, 1_000.0],
            ],
        }
    }

    /// Goes through the tags of a document, and gives how many of a name were opened. Panics where one is not closed.
    fn count(svg: &str, name: &str) -> usize {
        let (mut open, mut found) = (Vec::new(), 0);
        for tag in svg.split('<').skip(1) {
            let (tag, words) = tag.split_once('>').expect("a tag ends");
            assert!(!words.contains('>'), "a bracket in the words: {words}");
            assert_eq!(tag.matches('"').count() % 2, 0, "a quote is open: {tag}");
            if let Some(closed) = tag.strip_prefix('/') {
                assert_eq!(open.pop(), Some(closed), "another tag is open");
                continue;
            }
            let (inside, is_empty) = match tag.strip_suffix('/') {
                Some(inside) => (inside, true),
                None => (tag, false),
            };
            let opened = inside.split_whitespace().next().expect("a tag has a name");
            found += usize::from(opened == name);
            if !is_empty {
                open.push(opened);
            }
        }
        assert_eq!(open, Vec::<&str>::new(), "these are never closed");
        found
    }

    #[test]
    fn the_picture_is_well_formed_and_has_a_line_for_each_library() {
        let svg = draw(&[panel("one"), panel("two"), panel("three")]);
        assert!(svg.starts_with("<svg xmlns="));
        assert_eq!(count(&svg, "polyline"), 9);
        assert_eq!(count(&svg, "g"), 3);
        for (name, class) in LIBRARIES {
            assert!(
                svg.contains(&format!(">{name}</text>")),
                "{name} has no legend"
            );
            assert!(
                svg.contains(&format!(".{class} {{ stroke:")),
                "{class} has no style"
            );
        }
    }

    #[test]
    fn words_cannot_break_the_picture() {
        let svg = draw(&[panel("a < b & \"c\" > d")]);
        count(&svg, "text");
        assert!(svg.contains("a &lt; b &amp; \"c\" &gt; d"));
    }

    #[test]
    fn a_single_size_and_no_cost_are_drawn_without_a_number_that_is_none() {
        let svg = draw(&[Panel {
            title: "quick",
            sizes: vec![1_000],
            costs: [vec![0.0], vec![0.0], vec![0.0]],
        }]);
        count(&svg, "svg");
        assert!(!svg.contains("NaN") && !svg.contains("inf"), "{svg}");
    }

    #[test]
    fn each_decade_is_as_wide_as_the_next() {
        let scales = Scales {
            smallest: 10.0,
            largest: 1_000.0,
            highest: 8.0,
        };
        assert_eq!(scales.x(10.0), LEFT);
        assert_eq!(scales.x(1_000.0), PANEL_WIDTH - RIGHT);
        assert_eq!(scales.x(100.0), (LEFT + PANEL_WIDTH - RIGHT) / 2.0);
        assert_eq!(scales.y(0.0), PANEL_HEIGHT - BOTTOM);
        assert_eq!(scales.y(8.0), TOP);
    }

    #[test]
    fn the_axis_ends_at_a_readable_number() {
        let ends = [1.0, 37.0, 80.0, 81.0, 512.0].map(round_up);
        assert_eq!(ends, [1.0, 40.0, 80.0, 100.0, 600.0]);
        assert_eq!([0.0, f64::NAN].map(round_up), [1.0, 1.0]);
    }

    #[test]
    fn a_size_is_short() {
        let sizes = [64, 1_000, 1_500, 100_000, 1_000_000].map(size);
        assert_eq!(sizes, ["64", "1k", "1500", "100k", "1M"]);
    }
}
