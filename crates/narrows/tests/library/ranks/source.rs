//! The modules of a crate as its files define them, and the names that each module imports.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

/// A module by the names that lead to it from the crate's root.
pub type Module = Vec<String>;

/// A `use` of a name.
pub struct Import {
    /// The path as it is written.
    path: Vec<String>,
    /// Whether others may take the name from here.
    is_public: bool,
}

/// What a file says.
#[derive(Default)]
pub struct Source {
    /// By the name that an import has here; `*` and a number for all names of a module.
    imports: BTreeMap<String, Import>,
    /// The tokens of all that is no import.
    code: Vec<String>,
}

/// The modules of a crate, without those of tests.
pub struct Sources(pub BTreeMap<Module, Source>);

impl Sources {
    /// Reads a crate from the file of its root.
    pub fn read(root: &Path) -> Sources {
        let mut sources = Sources(BTreeMap::new());
        sources.add(root, root.parent().unwrap(), Vec::new());
        sources
    }

    /// Adds the module of a file, and those below it, whose files are in `folder`.
    fn add(&mut self, file: &Path, folder: &Path, module: Module) {
        let tokens = without_tests(&tokens(&fs::read_to_string(file).unwrap()));
        let (source, children) = parse(&tokens);
        for child in children {
            let inner = folder.join(&child);
            let named = inner.with_extension("rs");
            let file = if named.is_file() {
                named
            } else {
                inner.join("mod.rs")
            };
            let path = [&module[..], &[child]].concat();
            self.add(&file, &inner, path);
        }
        self.0.insert(module, source);
    }

    /// The modules whose code that of `module` uses; a name that is handed on counts as the module's that defines it.
    pub fn used_by(&self, module: &Module) -> Vec<Module> {
        let source = &self.0[module];
        let mut used = Vec::new();
        for (name, import) in &source.imports {
            // What is only handed on to others is not used here.
            if !import.is_public || source.code.contains(name) {
                used.extend(self.definer(module, &import.path, 0));
            }
        }
        used.extend(
            paths(&source.code)
                .iter()
                .filter_map(|path| self.definer(module, path, 0)),
        );
        used.retain(|other| other != module);
        used.sort();
        used.dedup();
        used
    }

    /// The module that defines what a path in `from` names; none of other crates, or if it names but a module.
    fn definer(&self, from: &Module, path: &[String], depth: usize) -> Option<Module> {
        assert!(depth < 30, "imports go round in {from:?}: {path:?}");
        let mut at = from.clone();
        let mut rest = path;
        let mut is_first = true;
        while let [name, after @ ..] = rest {
            match name.as_str() {
                "crate" => at.clear(),
                "self" => {}
                "super" => drop(at.pop()),
                name if self
                    .0
                    .contains_key(&[&at[..], &[name.to_string()]].concat()) =>
                {
                    at.push(name.to_string());
                }
                "*" => return Some(at),
                name => {
                    return match self.handed_on(&at, name) {
                        // Another crate that has a name of its own name.
                        Some(import) if import.first().is_some_and(|first| first == name) => None,
                        Some(import) => self.definer(&at, &[import, after].concat(), depth + 1),
                        // A name of the language or of another crate.
                        None if is_first => None,
                        None => Some(at),
                    };
                }
            }
            is_first = false;
            rest = after;
        }
        None
    }

    /// The path by which a module imports a name.
    fn handed_on<'a>(&'a self, module: &Module, name: &str) -> Option<&'a [String]> {
        let import = self.0[module].imports.get(name)?;
        Some(&import.path)
    }
}

/// The string literals of a file as they are written, of what is not compiled for tests only.
pub fn literals(text: &str) -> Vec<String> {
    let tokens = without_tests(&tokens_and_literals(text));
    let literals = tokens.into_iter().filter(|token| token.starts_with('"'));
    literals.collect()
}

/// The tokens of a text: words, `::` and other characters; comments and literals are left out.
fn tokens(text: &str) -> Vec<String> {
    let mut tokens = tokens_and_literals(text);
    tokens.retain(|token| !token.starts_with('"'));
    tokens
}

/// The same with string literals, each of which begins with a quote.
fn tokens_and_literals(text: &str) -> Vec<String> {
    let chars: Vec<char> = text.chars().collect();
    let at = |i: usize| chars.get(i).copied().unwrap_or('\0');
    let is_word = |c: char| c.is_alphanumeric() || c == '_';
    let mut tokens = Vec::new();
    let mut i = 0;
    while i < chars.len() {
        let c = at(i);
        if c == '/' && at(i + 1) == '/' {
            while i < chars.len() && at(i) != '\n' {
                i += 1;
            }
        } else if c == '/' && at(i + 1) == '*' {
            while i < chars.len() && !(at(i) == '*' && at(i + 1) == '/') {
                i += 1;
            }
            i += 2;
        } else if c == '"' {
            let end = after_string(&chars, i);
            tokens.push(chars[i..end].iter().collect());
            i = end;
        } else if c == '\'' {
            // A character, or the beginning of a lifetime.
            i += match (at(i + 1), at(i + 2)) {
                ('\\', _) => 3 + (i + 3..).take_while(|&j| at(j) != '\'').count() + 1,
                (_, '\'') => 3,
                _ => 1,
            };
        } else if is_word(c) {
            let len = (i..).take_while(|&j| is_word(at(j))).count();
            let word: String = chars[i..i + len].iter().collect();
            let hashes = (i + len..).take_while(|&j| at(j) == '#').count();
            i += len;
            if matches!(&*word, "r" | "br") && at(i + hashes) == '"' {
                let end: String = format!("\"{}", "#".repeat(hashes));
                let from = i + hashes + 1;
                let inner: String = chars[from..].iter().collect();
                let len = inner.find(&end).unwrap();
                tokens.push(format!("\"{}", &inner[..len]));
                i = from + inner[..len].chars().count() + end.len();
            } else {
                tokens.push(word);
            }
        } else if c == ':' && at(i + 1) == ':' {
            tokens.push("::".into());
            i += 2;
        } else {
            if !c.is_whitespace() {
                tokens.push(c.into());
            }
            i += 1;
        }
    }
    tokens
}

/// The place after a string that begins at `start`.
fn after_string(chars: &[char], start: usize) -> usize {
    let mut i = start + 1;
    while chars[i] != '"' {
        i += if chars[i] == '\\' { 2 } else { 1 };
    }
    i + 1
}

/// The tokens without the items that are compiled for tests only.
fn without_tests(tokens: &[String]) -> Vec<String> {
    const MARK: [&str; 7] = ["#", "[", "cfg", "(", "test", ")", "]"];
    let mut kept = Vec::new();
    let mut i = 0;
    while i < tokens.len() {
        if tokens[i..].starts_with(&MARK.map(String::from)) {
            i = after_item(tokens, i + MARK.len());
        } else {
            kept.push(tokens[i].clone());
            i += 1;
        }
    }
    kept
}

/// The place after an item: after its `;`, or after the braces that its first one opens.
fn after_item(tokens: &[String], start: usize) -> usize {
    let mut depth = 0;
    for (i, token) in tokens.iter().enumerate().skip(start) {
        match token.as_str() {
            "{" => depth += 1,
            "}" if depth == 1 => return i + 1,
            "}" => depth -= 1,
            ";" if depth == 0 => return i + 1,
            _ => {}
        }
    }
    tokens.len()
}

/// What a file says, and the modules that it declares.
fn parse(tokens: &[String]) -> (Source, Vec<String>) {
    let mut source = Source::default();
    let mut children = Vec::new();
    let mut i = 0;
    while i < tokens.len() {
        let after = |n: usize| tokens.get(i + n).map_or("", String::as_str);
        match tokens[i].as_str() {
            "mod" if after(2) == ";" => {
                children.push(tokens[i + 1].clone());
                i += 3;
            }
            "use" => {
                let end = i + (0..).take_while(|&n| after(n) != ";").count();
                let before = tokens[..i].last().map_or("", String::as_str);
                let is_public = matches!(before, "pub" | ")");
                let mut found = Vec::new();
                tree(&tokens[i + 1..end], &[], &mut found);
                for (name, path) in found {
                    let name = match name.as_str() {
                        "*" => format!("*{i}"),
                        _ => name,
                    };
                    source.imports.insert(name, Import { path, is_public });
                }
                i = end + 1;
            }
            _ => {
                source.code.push(tokens[i].clone());
                i += 1;
            }
        }
    }
    (source, children)
}

/// The names and paths of the tree of a `use`, behind `before`.
fn tree(tokens: &[String], before: &[String], found: &mut Vec<(String, Vec<String>)>) {
    let mut path = before.to_vec();
    let mut i = 0;
    while i < tokens.len() {
        match tokens[i].as_str() {
            "::" => {}
            "{" => {
                let inner = &tokens[i + 1..tokens.len() - 1];
                return split_at_commas(inner)
                    .into_iter()
                    .for_each(|part| tree(part, &path, found));
            }
            "as" => return found.push((tokens[i + 1].clone(), path)),
            "self" if !path.is_empty() => {}
            name => path.push(name.to_string()),
        }
        i += 1;
    }
    if let Some(name) = path.last() {
        found.push((name.clone(), path));
    }
}

/// The parts between commas that stand in no inner braces.
fn split_at_commas(tokens: &[String]) -> Vec<&[String]> {
    let mut depth = 0;
    let is_comma = |token: &String| {
        match token.as_str() {
            "{" => depth += 1,
            "}" => depth -= 1,
            _ => {}
        }
        token == "," && depth == 0
    };
    tokens
        .split(is_comma)
        .filter(|part| !part.is_empty())
        .collect()
}

/// The paths of at least two names in code.
fn paths(code: &[String]) -> Vec<Vec<String>> {
    let is_name = |token: &String| token.starts_with(|c: char| c.is_alphabetic() || c == '_');
    let mut found = Vec::new();
    let mut i = 0;
    while i + 2 < code.len() {
        let is_start = is_name(&code[i]) && (i == 0 || (code[i - 1] != "::" && code[i - 1] != "."));
        if !is_start {
            i += 1;
            continue;
        }
        let mut path = vec![code[i].clone()];
        i += 1;
        while i + 1 < code.len() && code[i] == "::" && is_name(&code[i + 1]) {
            path.push(code[i + 1].clone());
            i += 2;
        }
        if path.len() > 1 {
            found.push(path);
        }
    }
    found
}
