//! tmp
use ndarray::ArrayView2;
pub struct PictureRow<'a> {
    pub label: &'a str,
    pub images: ArrayView2<'a, f32>,
}
pub fn picture_rows(r: &[PictureRow<'_>], _: &[usize], _: &[String]) -> crate::Result<Vec<u8>> {
    Ok(format!("{}{}", r[0].label, r[0].images.len()).into_bytes())
}
