//! The classes of cells.

/// The possible readings of a cell. The tally of a column counts each of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(super) enum Class {
    Missing,
    /// A whole number of fewer than 5 digits without a sign.
    Whole,
    /// A whole number with a minus.
    WholeNegative,
    /// A whole number of 5 or more digits, without groups.
    WholeLong,
    /// A whole number that needs 64 bits without a sign.
    WholeUnsigned,
    /// A whole number that does not fit into 64 bits.
    WholeHuge,
    /// Only a point can be its decimal sign: 0.076, 7.4, 12.3456.
    Point,
    /// The same, with 5 or more digits before the point.
    PointLong,
    /// Only a comma can be its decimal sign: 3,5.
    Comma,
    CommaLong,
    /// 124.355: a decimal point, or a thousands separator.
    EitherPoint,
    /// 20,377
    EitherComma,
    /// 1,234,567
    ByCommas,
    /// 1,234.5
    ByCommasPoint,
    /// 1.234.567
    ByPoints,
    /// 192.168.100.101: an IP address, or one of several numbers with points.
    Address,
    /// 1.234,5
    ByPointsComma,
    /// 1e5
    Exponent,
    /// inf
    Infinite,
    /// true, yes
    Yes,
    /// false, no
    No,
    /// The letters of true, false, yes and no.
    LetterT,
    LetterF,
    LetterY,
    LetterN,
    Date,
    Time,
    Timestamp,
    Word,
}

impl Class {
    pub(super) const COUNT: usize = Class::Word as usize + 1;
}
