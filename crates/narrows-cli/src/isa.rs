//! `--isa`: the instruction set that a command computes with.

use clap::Args;
use narrows::{Result, isa};

/// The environment variable that stands for `--isa` where that is not given.
const VARIABLE: &str = "NARROWS_ISA";

/// Of every command that computes.
#[derive(Args)]
pub struct IsaArgument {
    /// Compute with this instruction set: `AMX`, `AVX-512`, `AVX2` or `portable`. The last digits of results differ
    /// between instruction sets [default: the environment variable NARROWS_ISA, else the fastest of the CPU]
    #[arg(long, value_name = "NAME")]
    isa: Option<String>,
}

impl IsaArgument {
    /// Pins this process to what was asked for; call it before anything is computed.
    ///
    /// # Errors
    ///
    /// When the CPU has no such instruction set.
    pub fn pin(&self) -> Result<()> {
        if let Some(name) = &self.isa {
            return isa::pin(name).map_err(|error| error.at("--isa"));
        }
        match std::env::var_os(VARIABLE).filter(|name| !name.is_empty()) {
            Some(name) => isa::pin(&name.to_string_lossy()).map_err(|error| error.at(VARIABLE)),
            None => Ok(()),
        }
    }
}
