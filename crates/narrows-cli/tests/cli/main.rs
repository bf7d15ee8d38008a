//! The command as people and scripts run it. All of its tests are one program, which is linked once.

mod apply;
mod command;
mod docs;
mod exchange;
mod found;
mod isa;
mod limits;
mod own_data;
mod resume;
mod rows;
mod runs;
mod saved;
mod splits;
