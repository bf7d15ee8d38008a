//! Parses the Python literals of an array's header.
//!
//! NumPy reads a header with `ast.literal_eval`. This parser accepts a subset of Python's literals and nothing else, so
//! that a damaged header is not read as a valid one.

/// How deeply literals may be nested.
const DEEPEST: usize = 16;

/// A Python literal.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Literal {
    Text(String),
    Whole(u64),
    Truth(bool),
    Tuple(Vec<Literal>),
    List(Vec<Literal>),
    Dict(Vec<(Literal, Literal)>),
}

/// Parses a text that is one literal, optionally followed by white space; the error says what is wrong.
pub(super) fn parse(text: &str) -> Result<Literal, &'static str> {
    let mut reader = LiteralReader { rest: text };
    let literal = reader.literal(0)?;
    reader.skip();
    if reader.rest.is_empty() {
        Ok(literal)
    } else {
        Err("something follows the dictionary")
    }
}

struct LiteralReader<'a> {
    rest: &'a str,
}

impl LiteralReader<'_> {
    fn skip(&mut self) {
        self.rest = self.rest.trim_start_matches([' ', '\t', '\n', '\r']);
    }

    /// Takes a character if it is the next one.
    fn takes(&mut self, wanted: char) -> bool {
        self.skip();
        match self.rest.strip_prefix(wanted) {
            Some(rest) => {
                self.rest = rest;
                true
            }
            None => false,
        }
    }

    fn literal(&mut self, depth: usize) -> Result<Literal, &'static str> {
        if depth > DEEPEST {
            return Err("it is nested too deeply");
        }
        self.skip();
        match self.rest.chars().next() {
            Some('{') => self.dict(depth),
            Some('(') => self.sequence(depth, '(', ')'),
            Some('[') => self.sequence(depth, '[', ']'),
            Some(quote @ ('\'' | '"')) => self.text(quote),
            Some('0'..='9') => self.whole(),
            Some('T' | 'F') => self.truth(),
            Some(_) => Err("something in it is not a value"),
            None => Err("it ends too soon"),
        }
    }

    fn dict(&mut self, depth: usize) -> Result<Literal, &'static str> {
        self.takes('{');
        let mut entries = Vec::new();
        loop {
            if self.takes('}') {
                return Ok(Literal::Dict(entries));
            }
            let key = self.literal(depth + 1)?;
            if !self.takes(':') {
                return Err("a colon is missing");
            }
            entries.push((key, self.literal(depth + 1)?));
            if !self.takes(',') {
                return if self.takes('}') {
                    Ok(Literal::Dict(entries))
                } else {
                    Err("a comma or the closing brace is missing")
                };
            }
        }
    }

    fn sequence(&mut self, depth: usize, open: char, close: char) -> Result<Literal, &'static str> {
        self.takes(open);
        let mut items = Vec::new();
        let mut has_comma = false;
        while !self.takes(close) {
            if !items.is_empty() && !has_comma {
                return Err("a comma or a closing bracket is missing");
            }
            items.push(self.literal(depth + 1)?);
            has_comma = self.takes(',');
        }
        match (open, items.len(), has_comma) {
            // In Python, parentheses around one value are not a tuple.
            ('(', 1, false) => items.pop().ok_or("it ends too soon"),
            ('(', ..) => Ok(Literal::Tuple(items)),
            _ => Ok(Literal::List(items)),
        }
    }

    fn text(&mut self, quote: char) -> Result<Literal, &'static str> {
        let inner = self.rest.get(1..).unwrap_or_default();
        let end = inner.find(quote).ok_or("a quote is missing")?;
        let (text, rest) = inner.split_at(end);
        // NumPy never writes triple quotes or concatenated strings.
        if text.contains(['\\', '\n', '\r', '\0']) {
            return Err("a text has characters that NumPy does not write");
        }
        self.rest = rest.get(1..).unwrap_or_default();
        if self.rest.starts_with(['\'', '"']) {
            return Err("two texts follow each other");
        }
        Ok(Literal::Text(text.to_string()))
    }

    fn whole(&mut self) -> Result<Literal, &'static str> {
        let is_digit = |letter: char| letter.is_ascii_digit();
        let rest = self.rest.trim_start_matches(is_digit);
        let digits = &self.rest[..self.rest.len() - rest.len()];
        if digits.len() > 1 && digits.starts_with('0') {
            return Err("a number begins with 0");
        }
        // Python 2 wrote `3L`.
        let rest = rest.strip_prefix('L').unwrap_or(rest);
        if rest.starts_with(|letter: char| letter.is_alphanumeric() || "._'\"".contains(letter)) {
            return Err("a number goes on with something else");
        }
        self.rest = rest;
        let number = digits.parse().map_err(|_| "a number is too large")?;
        Ok(Literal::Whole(number))
    }

    fn truth(&mut self) -> Result<Literal, &'static str> {
        for (word, value) in [("True", true), ("False", false)] {
            if let Some(rest) = self.rest.strip_prefix(word) {
                if rest
                    .starts_with(|letter: char| letter.is_alphanumeric() || "_'\"".contains(letter))
                {
                    break;
                }
                self.rest = rest;
                return Ok(Literal::Truth(value));
            }
        }
        Err("there is a word that is neither True nor False")
    }
}
