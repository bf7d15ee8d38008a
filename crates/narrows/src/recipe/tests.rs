//! Every key of every part, in a recipe. The cases follow from the declarations.

mod added;
mod cases;
mod keys;
mod older;
mod values;
mod written;
