//! The report as one HTML page in a single file.

use crate::error::{Error, ErrorKind, Result};
use crate::text::unbroken;
use base64::Engine;
use minijinja::{Environment, Value, context};

/// A report: the conclusion first, then the numbers behind it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Report {
    /// The title.
    pub title: String,
    /// The conclusion, in sentences.
    pub lead: Vec<String>,
    /// The numbers behind the conclusion.
    pub table: Option<Table>,
    /// Notes on the table.
    pub notes: Vec<String>,
    /// The first pictures of the page.
    pub first: Vec<Figure>,
    /// One section for each autoencoder, or for another subject of the report.
    pub sections: Vec<Section>,
}

/// A table with headers; the best values may be marked.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Table {
    /// The headers of the columns.
    pub heads: Vec<String>,
    /// The rows, as long as the headers.
    pub rows: Vec<Vec<Cell>>,
    /// The index of a column that a narrow page hides.
    pub aside: Option<usize>,
}

impl Table {
    /// A table from rows of texts; the first row has the headers.
    pub fn of(rows: Vec<Vec<String>>) -> Table {
        let mut rows = rows.into_iter();
        let heads = rows.next().unwrap_or_default();
        let cells = |row: Vec<String>| row.into_iter().map(Cell::from).collect();
        Table {
            heads,
            rows: rows.map(cells).collect(),
            aside: None,
        }
    }

    fn value(&self) -> Value {
        let cell = |cell: &Cell| context! { text => unbroken(&cell.text), best => &cell.best };
        let row = |row: &Vec<Cell>| row.iter().map(cell).collect::<Vec<Value>>();
        let rows: Vec<Vec<Value>> = self.rows.iter().map(row).collect();
        context! { heads => &self.heads, rows => rows, aside => self.aside }
    }
}

/// A cell of a table.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Cell {
    /// Its text.
    pub text: String,
    /// Whether it is the best of its kind.
    pub best: bool,
}

impl<T: Into<String>> From<T> for Cell {
    fn from(text: T) -> Cell {
        Cell {
            text: text.into(),
            best: false,
        }
    }
}

/// A part of a report with its figures.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Section {
    /// Its title.
    pub title: String,
    /// A description, in sentences.
    pub about: Vec<String>,
    /// Its numbers.
    pub table: Option<Table>,
    /// Its figures.
    pub figures: Vec<Figure>,
}

/// A picture with a caption that says what to look at.
#[derive(Clone, Debug, PartialEq)]
pub struct Figure {
    /// The name of its file, without extension.
    pub name: String,
    /// The caption.
    pub caption: String,
    /// The picture.
    pub image: Image,
}

/// A picture.
#[derive(Clone, Debug, PartialEq)]
pub enum Image {
    /// The bytes of a PNG: rows of images, as wide as the page.
    Png(Vec<u8>),
    /// The text of an SVG: a chart, half as wide.
    Svg(String),
}

impl Figure {
    /// The name of its file and the bytes.
    pub fn file(&self) -> (String, &[u8]) {
        match &self.image {
            Image::Png(bytes) => (format!("{}.png", self.name), bytes),
            Image::Svg(text) => (format!("{}.svg", self.name), text.as_bytes()),
        }
    }

    fn value(&self) -> Value {
        let body = match &self.image {
            Image::Png(bytes) => format!(
                "<img alt=\"{}\" src=\"data:image/png;base64,{}\">",
                escaped(&self.caption),
                base64::engine::general_purpose::STANDARD.encode(bytes)
            ),
            Image::Svg(text) => text.clone(),
        };
        context! { caption => unbroken(&self.caption), body => body, is_wide => matches!(self.image, Image::Png(_)) }
    }
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('"', "&quot;")
}

fn unbroken_all(sentences: &[String]) -> Vec<String> {
    sentences.iter().map(|text| unbroken(text)).collect()
}

impl Report {
    /// The page.
    ///
    /// # Errors
    ///
    /// Never for a report of finite size.
    pub fn html(&self) -> Result<String> {
        let wide = |figure: &&Figure| matches!(figure.image, Image::Png(_));
        let narrow = |figure: &&Figure| matches!(figure.image, Image::Svg(_));
        let sections: Vec<Value> = self
            .sections
            .iter()
            .map(|section| {
                let figures = &section.figures;
                context! {
                    title => &section.title,
                    about => unbroken_all(&section.about),
                    table => section.table.as_ref().map(Table::value),
                    wide => figures.iter().filter(wide).map(Figure::value).collect::<Vec<_>>(),
                    narrow => figures.iter().filter(narrow).map(Figure::value).collect::<Vec<_>>(),
                }
            })
            .collect();
        let mut environment = Environment::new();
        // The ending `.html` makes it escape the values.
        let template = environment
            .add_template("page.html", include_str!("page.html"))
            .and_then(|()| environment.get_template("page.html"));
        let page = context! {
            title => &self.title,
            lead => unbroken_all(&self.lead),
            table => self.table.as_ref().map(Table::value),
            notes => unbroken_all(&self.notes),
            first => self.first.iter().map(Figure::value).collect::<Vec<_>>(),
            sections => sections,
            version => env!("CARGO_PKG_VERSION"),
        };
        template
            .and_then(|template| template.render(page))
            .map_err(|error| {
                Error::new(ErrorKind::Data, "the report cannot be written").caused_by(error)
            })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_escapes_what_it_is_given_and_asks_for_nothing() {
        let figure = |image| Figure {
            name: "rows".into(),
            caption: "a \"quoted\" <caption>".into(),
            image,
        };
        let report = Report {
            title: "<b>title</b>".into(),
            lead: vec!["1 < 2 & 3".into()],
            table: Some(Table {
                heads: vec!["model".into(), "<MSE>".into()],
                rows: vec![vec!["a<script>".into(), "0.1".into()]],
                aside: Some(1),
            }),
            notes: vec!["<i>note</i>".into()],
            first: vec![figure(Image::Png(vec![1, 2, 3]))],
            sections: vec![Section {
                title: "</section>".into(),
                about: vec!["<p>".into()],
                table: Some(Table::of(vec![vec!["<th>".into()], vec!["<em>".into()]])),
                figures: vec![figure(Image::Svg("<svg></svg>".into()))],
            }],
        };
        let html = report.html().unwrap();
        for tag in ["<b>", "<script>", "<MSE>", "<i>", "<caption>", "<em>"] {
            assert!(!html.contains(tag), "{tag}");
        }
        assert!(html.contains("data:image/png;base64,AQID"));
        assert!(html.contains("<svg></svg>"));
        assert_eq!(html.matches("<td class=\"aside").count(), 1);
        assert!(!html.contains("http"), "nothing from elsewhere");
    }

    #[test]
    fn an_empty_report_is_a_page() {
        let html = Report::default().html().unwrap();
        assert!(html.contains("</html>") && !html.contains("<table"));
    }
}
