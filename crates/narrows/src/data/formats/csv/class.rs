//! The classes of cells.

/// What one cell could be. The tally of a column counts each of these.
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
    /// A whole number beyond 63 bits, within 64.
    WholeUnsigned,
    /// A whole number beyond 64 bits.
    WholeHuge,
    /// Only a point can be its decimal sign: 0.076, 7.4, 12.3456.
    Point,
    /// The same, with 5 or more digits before the point.
    PointLong,
    /// Only a comma can be its decimal sign: 3,5.
    Comma,
    CommaLong,
    /// 124.355: a point before decimals, or between thousands.
    EitherPoint,
    /// 20,377
    EitherComma,
    /// 1,234,567
    ByCommas,
    /// 1,234.5
    ByCommasPoint,
    /// 1.234.567
    ByPoints,
    /// 192.168.100.101: an address of the Internet, or a number among others with points.
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
