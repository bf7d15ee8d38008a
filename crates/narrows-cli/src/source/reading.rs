//! The options for reading data, made from their declarations in the library.

use crate::advice::flag;
use crate::output::note;
use clap::{Arg, ArgAction, ArgMatches, Args, Command, FromArgMatches};
use narrows::advice::Setting;
use narrows::data::{READING_KEYS, ReadOptions, ReadingKey, ReadingScope};

/// The headings that the options stand under in `--help`.
pub(super) const DATA: &str = "Data";
const TEXT: &str = "Tables in text: Narrows finds these in the file unless you set them";

/// What `--on-bad drop` was called.
const SKIP_BAD: &str = "skip_bad";

/// The options for reading that are given, with their texts.
pub struct ReadingArguments(Vec<(&'static ReadingKey, Vec<String>)>);

impl ReadingArguments {
    pub(super) fn options(&self) -> ReadOptions {
        self.over(&ReadOptions::default())
    }

    /// These options, and others where they are not given.
    pub(super) fn over(&self, base: &ReadOptions) -> ReadOptions {
        let mut options = base.clone();
        for (key, texts) in &self.0 {
            let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
            // Each text was checked when the arguments were parsed.
            let _ = key.set(&mut options, &texts);
        }
        options
    }

    pub(super) fn is_given(&self, setting: Setting) -> bool {
        self.0.iter().any(|(key, _)| key.setting == setting)
    }

    /// The labels of the rows to use; all if there are none.
    pub fn classes(&self) -> Vec<String> {
        self.options().classes
    }
}

impl Args for ReadingArguments {
    fn augment_args(command: Command) -> Command {
        let skip_bad = Arg::new(SKIP_BAD)
            .long("skip-bad")
            .action(ArgAction::SetTrue)
            .hide(true)
            .conflicts_with(Setting::OnBad.name());
        READING_KEYS
            .iter()
            .fold(command, |command, key| command.arg(argument(key)))
            .arg(skip_bad)
    }

    fn augment_args_for_update(command: Command) -> Command {
        Self::augment_args(command)
    }
}

impl FromArgMatches for ReadingArguments {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
        let given = |key: &'static ReadingKey| {
            let texts = matches.get_many::<String>(key.setting.name())?;
            Some((key, texts.cloned().collect::<Vec<_>>()))
        };
        let mut all: Vec<_> = READING_KEYS.iter().filter_map(given).collect();
        if matches.get_flag(SKIP_BAD) {
            note("`--skip-bad` is now `--on-bad drop`");
            let on_bad = READING_KEYS
                .iter()
                .filter(|key| key.setting == Setting::OnBad);
            all.extend(on_bad.map(|key| (key, vec!["drop".to_string()])));
        }
        Ok(ReadingArguments(all))
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        *self = Self::from_arg_matches(matches)?;
        Ok(())
    }
}

/// The argument of an option.
fn argument(key: &'static ReadingKey) -> Arg {
    let help = match key.default {
        "" => key.about.to_string(),
        default => format!("{} [default: {default}]", key.about),
    };
    let heading = match key.scope {
        ReadingScope::Text => TEXT,
        _ => DATA,
    };
    let checked = |text: &str| {
        let checked = key.set(&mut ReadOptions::default(), &[text]);
        checked.map(|()| text.to_string())
    };
    let argument = Arg::new(key.setting.name())
        .long(flag(key.setting).trim_start_matches('-').to_string())
        .value_name(key.value)
        .help(help)
        .help_heading(heading)
        .action(if key.is_list {
            ArgAction::Append
        } else {
            ArgAction::Set
        })
        .value_parser(checked);
    match key.needs {
        Some(setting) => argument.requires(setting.name()),
        None => argument,
    }
}
