//! The penalty on the gradient of the summed code: the one probe is all ones.

use super::TermKind;
use crate::settings::Choice;

pub(super) const CHOICE: Choice<TermKind> = Choice {
    name: "summed",
    about: "sum over the batch of the squared gradient of the summed code; its weight grows with the batch",
    keys: &[],
    read: |_| Ok(TermKind::Summed),
};
