//! The list as text: Markdown that is read and written.
//!
//! A case begins with a line `### TITLE`. A line `NAME:` in backquotes and a fenced block are a file; the language of
//! the block tells how its bytes are written (`files.rs`). The block `console` has the commands, each after `$`, and
//! the message.

use super::files;
use std::fs;
use std::path::Path;

/// A piece of the list, in order.
pub enum Part {
    Prose(Vec<String>),
    Case(Case),
}

pub struct Case {
    pub title: String,
    pub files: Vec<File>,
    pub commands: Vec<String>,
}

pub struct File {
    name: String,
    language: String,
    lines: Vec<String>,
}

impl Part {
    pub fn case(&self) -> Option<&Case> {
        match self {
            Part::Case(case) => Some(case),
            Part::Prose(_) => None,
        }
    }
}

impl Case {
    pub fn put_files(&self, folder: &Path) {
        for file in &self.files {
            let path = folder.join(&file.name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(&path, files::bytes(&file.name, &file.language, &file.lines)).unwrap();
        }
    }
}

pub fn parse(text: &str) -> Vec<Part> {
    let mut parts = vec![Part::Prose(Vec::new())];
    let mut lines = text.lines();
    while let Some(line) = lines.next() {
        if let Some(title) = line.strip_prefix("### ") {
            let (title, files, commands) = (title.to_string(), Vec::new(), Vec::new());
            parts.push(Part::Case(Case {
                title,
                files,
                commands,
            }));
            continue;
        }
        match parts.last_mut().unwrap() {
            Part::Prose(prose) => prose.push(line.to_string()),
            Part::Case(_) if line.starts_with("## ") => {
                parts.push(Part::Prose(vec![line.to_string()]));
            }
            Part::Case(case) => case.take(line, &mut lines),
        }
    }
    parts
}

impl Case {
    fn take<'a>(&mut self, line: &str, rest: &mut impl Iterator<Item = &'a str>) {
        let name = line
            .strip_prefix('`')
            .and_then(|line| line.strip_suffix("`:"));
        if let Some(name) = name {
            let first = rest.next();
            let fence = first.and_then(|line| line.strip_prefix("```"));
            let language = fence
                .unwrap_or_else(|| panic!("{}: no block", self.title))
                .to_string();
            let lines = rest
                .take_while(|line| *line != "```")
                .map(String::from)
                .collect();
            let name = name.to_string();
            self.files.push(File {
                name,
                language,
                lines,
            });
        } else if line == "```console" {
            let lines = rest.take_while(|line| *line != "```");
            let commands = lines.filter_map(|line| line.strip_prefix("$ ").map(String::from));
            self.commands = commands.collect();
        } else {
            let is_known = line.is_empty() || line.starts_with("Exit code ");
            assert!(is_known, "{}: what is this: {line}", self.title);
        }
    }
}

/// The list with what the commands have said.
pub fn render(parts: &[Part], found: &[Option<(i32, String)>]) -> String {
    let mut lines: Vec<String> = Vec::new();
    let mut found = found.iter();
    for part in parts {
        let case = match part {
            Part::Prose(prose) => {
                lines.extend(prose.iter().cloned());
                continue;
            }
            Part::Case(case) => case,
        };
        lines.extend([format!("### {}", case.title), String::new()]);
        for File {
            name,
            language,
            lines: content,
        } in &case.files
        {
            lines.extend([format!("`{name}`:"), format!("```{language}")]);
            lines.extend(content.iter().cloned());
            lines.extend(["```".into(), String::new()]);
        }
        lines.push("```console".into());
        lines.extend(case.commands.iter().map(|command| format!("$ {command}")));
        let found = found.next().unwrap().as_ref();
        lines.extend(found.map(|(_, said)| said.clone()));
        lines.extend(["```".into(), String::new()]);
        if let Some((code, _)) = found.filter(|(code, _)| *code != 2) {
            lines.extend([format!("Exit code {code}."), String::new()]);
        }
    }
    lines.join("\n").trim_end().to_string() + "\n"
}
