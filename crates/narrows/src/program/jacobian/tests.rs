//! All forms of a norm against each other, and what is refused.

use super::*;
