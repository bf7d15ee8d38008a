//! Refusals of options that a source does not have.

use super::key::ReadingScope;
use super::keys::READING_KEYS;
use super::values::ReadOptions;
use crate::advice::setting;
use crate::{Error, ErrorKind, Result};

impl ReadOptions {
    /// Refuses all options except the classes, for a source that is `what`.
    pub(crate) fn refuse_all(&self, spec: &str, what: &str) -> Result<()> {
        self.refuse_table(spec, what)?;
        self.refuse_label(spec, what)?;
        self.refuse_images(spec, what)
    }

    /// Refuses settings for tables, for a source that is `what`.
    pub(crate) fn refuse_table(&self, spec: &str, what: &str) -> Result<()> {
        self.refuse_columns(spec, what)?;
        self.refuse(ReadingScope::Values, spec, what)
    }

    /// Refuses options for tables except the handling of missing values, for a source that is `what`.
    pub(crate) fn refuse_columns(&self, spec: &str, what: &str) -> Result<()> {
        self.refuse(ReadingScope::Tables, spec, what)?;
        self.refuse_text(spec, what)
    }

    /// Refuses settings for the text of a table, for a source that is `what`.
    pub(crate) fn refuse_text(&self, spec: &str, what: &str) -> Result<()> {
        self.refuse(ReadingScope::Text, spec, what)
    }

    /// Refuses a label column, for a source that is `what`.
    pub(crate) fn refuse_label(&self, spec: &str, what: &str) -> Result<()> {
        self.refuse(ReadingScope::Labels, spec, what)
    }

    /// Refuses settings for images, for a source that is `what`.
    pub(crate) fn refuse_images(&self, spec: &str, what: &str) -> Result<()> {
        self.refuse(ReadingScope::Images, spec, what)
    }

    /// Refuses the option for the place of the channels, for a source that is `what`.
    pub(crate) fn refuse_layout(&self, spec: &str, what: &str) -> Result<()> {
        self.refuse(ReadingScope::Arrays, spec, what)
    }

    /// Refuses the options of a scope, for a source that is `what`.
    fn refuse(&self, scope: ReadingScope, spec: &str, what: &str) -> Result<()> {
        let mut keys = READING_KEYS.iter().filter(|key| key.scope == scope);
        match keys.find(|key| key.text(self).is_some()) {
            None => Ok(()),
            Some(key) => Err(Error::new(
                ErrorKind::Data,
                format!(
                    "{} is an option for {}",
                    setting(key.setting),
                    scope.in_words()
                ),
            )
            .at(spec)
            .found(what)
            .hint(format!("leave out {}", setting(key.setting)))),
        }
    }
}
