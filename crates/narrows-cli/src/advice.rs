//! The settings and actions of messages as options and command lines.

use narrows::advice::{Action, Keys, Own, Setting, Settings, Words};
use narrows::text::{for_shell, path_for_shell};

/// The words of this command.
pub struct Command;

impl Words for Command {
    fn settings(&self, settings: &[(Setting, Option<String>)]) -> String {
        settings.iter().map(option).collect::<Vec<_>>().join(" ")
    }

    fn keys(&self, keys: &[(String, String)]) -> String {
        let set = |(path, value): &(String, String)| {
            let assignment = format!("{path}={value}");
            option(&(Setting::Overrides, Some(assignment)))
        };
        keys.iter().map(set).collect::<Vec<_>>().join(" ")
    }

    /// As it was written, without the quotes that a shell has removed.
    fn place(&self, setting: Setting, text: &str) -> String {
        format!("{} {text}", flag(setting))
    }

    fn action(&self, action: &Action) -> String {
        let line = |start: &[&str], keys: &Keys, settings: &Settings| {
            let rest = [self.keys(&keys.0), self.settings(&settings.0)];
            let rest = rest.iter().map(String::as_str);
            let words = start.iter().copied().chain(rest);
            let words: Vec<&str> = words.filter(|word| !word.is_empty()).collect();
            format!("narrows {}", words.join(" "))
        };
        let plain = |start: &[&str]| line(start, &Keys::default(), &Settings::default());
        match action {
            Action::Train {
                recipe,
                keys,
                settings,
            } => line(&["train", &for_shell(recipe)], keys, settings),
            Action::GoOn { run, settings } => {
                let start = ["train", "--resume", &path_for_shell(run)];
                line(&start, &Keys::default(), settings)
            }
            Action::Evaluate { model } => {
                plain(&["evaluate", &path_for_shell(model), "--data", "SOURCE"])
            }
            Action::Calibrate => plain(&["calibrate"]),
            Action::FitPrior => plain(&["fit-prior"]),
            Action::Encode => plain(&["encode"]),
            Action::TryNoise => plain(&["reconstruct", "--corrupt"]),
            Action::Inspect { model } => plain(&["inspect", &for_shell(model)]),
            Action::ModelColumns => plain(&["inspect"]),
            Action::Import { weights: None } => plain(&["import"]),
            Action::Import {
                weights: Some(weights),
            } => {
                let weights = for_shell(weights);
                let made = ["--recipe", "RECIPE", "--output", "model.safetensors"];
                plain(&[&["import", &weights], &made[..]].concat())
            }
            Action::ListKinds => plain(&["data", "kinds"]),
            Action::DescribeData => plain(&["data", "info"]),
            Action::ListMeasures => "--json".into(),
            Action::Compare => plain(&["compare"]),
            Action::Classic { quick, seeds } => {
                let seeds = (*seeds > 1).then(|| format!("--seeds {seeds}"));
                let quick = if *quick { "--quick" } else { "" };
                plain(&[
                    "reproduce",
                    "classic",
                    quick,
                    seeds.as_deref().unwrap_or_default(),
                ])
            }
            other => Own.action(other),
        }
    }
}

/// The option of a setting.
pub fn flag(setting: Setting) -> String {
    match setting {
        Setting::Ids => "--id".into(),
        Setting::LearningRate => "--lr".into(),
        Setting::Overrides => "--set".into(),
        Setting::Variations => "--vary".into(),
        setting => format!("--{}", setting.name().replace('_', "-")),
    }
}

/// An option with its value; with an equals sign where the value would be taken for another option.
fn option((setting, value): &(Setting, Option<String>)) -> String {
    let flag = flag(*setting);
    match value.as_deref() {
        None => flag,
        Some(value) => {
            // A hyphen alone is standard input.
            let is_like_an_option = value.starts_with('-') && value != "-";
            let gap = if is_like_an_option { "=" } else { " " };
            format!("{flag}{gap}{}", for_shell(value))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;
    use std::collections::HashSet;

    /// The options of a command and of all below it.
    fn options(command: &clap::Command) -> HashSet<String> {
        let own = command.get_arguments().filter_map(|argument| {
            let name = argument.get_long()?;
            (!argument.is_hide_set()).then(|| format!("--{name}"))
        });
        let below = command.get_subcommands().flat_map(options);
        own.chain(below).collect()
    }

    #[test]
    fn each_setting_is_an_option_that_there_is() {
        let known = options(&crate::Arguments::command());
        assert!(known.len() > 30, "{known:?}");
        for &setting in Setting::ALL {
            let flag = flag(setting);
            assert!(known.contains(&flag), "{setting:?}: {flag}");
        }
    }

    /// One of each.
    fn actions() -> Vec<Action> {
        let settings = Settings(vec![
            (Setting::Data, Some("my t.csv".into())),
            (Setting::Force, None),
        ]);
        let keys = Keys::default().with("training.epochs", 3);
        vec![
            Action::Train {
                recipe: "table".into(),
                keys,
                settings: settings.clone(),
            },
            Action::GoOn {
                run: "my run".into(),
                settings: narrows::advice::set(Setting::Test, "-x"),
            },
            Action::Evaluate {
                model: "run".into(),
            },
            Action::Calibrate,
            Action::FitPrior,
            Action::Encode,
            Action::TryNoise,
            Action::Inspect {
                model: "run".into(),
            },
            Action::ModelColumns,
            Action::Import { weights: None },
            Action::Import {
                weights: Some("w.safetensors".into()),
            },
            Action::ListKinds,
            Action::DescribeData,
            Action::Compare,
            Action::Classic {
                quick: true,
                seeds: 2,
            },
        ]
    }

    /// The command that a line calls, with the words behind it.
    fn called(line: &str) -> (clap::Command, Vec<&str>) {
        let mut words = line.split(' ').peekable();
        assert_eq!(words.next(), Some("narrows"), "{line}");
        let mut command = crate::Arguments::command();
        while let Some(next) = words.peek().and_then(|word| command.find_subcommand(word)) {
            command = next.clone();
            words.next();
        }
        (command, words.collect())
    }

    #[test]
    fn each_action_is_a_command_with_options_that_it_has() {
        for action in actions() {
            let line = Command.action(&action);
            let (command, rest) = called(&line);
            assert_ne!(command.get_name(), "narrows", "{line}");
            let known = options(&command);
            for word in rest.iter().filter(|word| word.starts_with("--")) {
                let flag = word.split('=').next().unwrap_or(word);
                assert!(known.contains(flag), "{line}: {flag}");
            }
        }
        let of_all = options(&crate::Arguments::command());
        assert!(of_all.contains(&Command.action(&Action::ListMeasures)));
    }

    #[test]
    fn values_are_words_of_a_shell() {
        let lines: Vec<String> = actions()[..2]
            .iter()
            .map(|action| Command.action(action))
            .collect();
        assert_eq!(
            lines,
            [
                "narrows train table --set training.epochs=3 --data 'my t.csv' --force",
                "narrows train --resume 'my run' --test=-x"
            ]
        );
        let comma = [(Setting::Separator, Some(";".into()))];
        assert_eq!(Command.settings(&comma), "--separator ';'");
        assert_eq!(Command.place(Setting::Overrides, "a b"), "--set a b");
    }
}
