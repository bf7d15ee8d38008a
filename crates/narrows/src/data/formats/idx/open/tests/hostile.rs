//! Files that promise more than they have.

use super::*;

#[test]
fn truncated_gzip_is_refused_wherever_it_is_cut() {
    // Pixels that do not compress, so that some of them are before the cut.
    let pixels: Vec<u8> = (0..90_000_u32)
        .map(|i| (i.wrapping_mul(2_654_435_761) >> 13) as u8)
        .collect();
    let whole = gzip(&idx(0x08, &[100, 30, 30], &pixels));
    for length in [
        2,
        10,
        12,
        40,
        1_000,
        whole.len() / 2,
        whole.len() - 8,
        whole.len() - 1,
    ] {
        let said = refusal(&whole[..length]);
        assert!(said.starts_with("byte "), "{said}");
        assert!(
            said.contains(": the gzip data are damaged or cut off: "),
            "{said}"
        );
    }
}

/// Never ends, and counts the bytes that are requested.
struct Endless<'a> {
    start: &'a [u8],
    read: &'a Cell<usize>,
}

impl Read for Endless<'_> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let count = if self.start.is_empty() {
            out.fill(0);
            out.len()
        } else {
            self.start.read(out)?
        };
        self.read.set(self.read.get() + count);
        Ok(count)
    }
}

#[test]
fn endless_content_is_left_at_the_first_byte_too_many() {
    let read = Cell::new(0);
    let whole = images();
    let endless = Endless {
        start: &whole,
        read: &read,
    };
    let mut endless = endless;
    let header = IdxHeader::read(&mut endless, IdxContent::Images).unwrap();
    let plan = ArrayPlan::new(&[2, 2, 3], None).unwrap();
    let error = header.images(endless, 1000, plan).unwrap_err();
    assert_eq!(error.place(), Some("byte 28"));
    assert_eq!(read.get(), whole.len() + 1);
}

#[test]
fn a_gzip_bomb_is_left_at_the_first_byte_too_many() {
    // 64 MB in about 300 kB; decompressing them all would change the time, not the result.
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(&images()).unwrap();
    io::copy(&mut io::repeat(0).take(64 << 20), &mut encoder).unwrap();
    let said = refusal(&encoder.finish().unwrap());
    assert!(
        said.starts_with("byte 28: the file goes on after its content"),
        "{said}"
    );
}

#[test]
fn a_header_that_promises_terabytes_costs_no_memory() {
    // 2^40 bytes are promised and 300,000 are present.
    let held = vec![7; 300_000];
    assert_eq!(
        refusal(&idx(0x08, &[1 << 20, 1 << 10, 1 << 10], &held)),
        "byte 300016: the file ends too soon: expected 1,099,511,627,776 bytes after the header, for \
         [1048576, 1024, 1024], found 300,000 bytes"
    );
    let mut bytes = Vec::new();
    read_growing(&mut &held[..], &mut bytes, 1 << 40).unwrap();
    assert_eq!(bytes, held);
    assert!(bytes.capacity() <= 2 * held.len(), "{}", bytes.capacity());
}

#[test]
fn sizes_whose_product_overflows_are_refused() {
    assert_eq!(
        refusal(&idx(0x0e, &[u32::MAX, u32::MAX, u32::MAX], &[0; 100])),
        "byte 4: the sizes are larger than any file can be: expected sizes whose product is \
         a length in bytes, found [4294967295, 4294967295, 4294967295]"
    );
}

#[test]
fn a_row_that_its_packed_file_does_not_justify_is_refused() {
    for sizes in [[1, 1 << 14, 1 << 15], [1, 1 << 12, 1 << 13]] {
        let said = {
            let folder = folder(&[("images.idx", &gzip(&idx(0x08, &sizes, &[0; 64])))]);
            let error =
                Source::open(folder.path().join("images.idx").to_str().unwrap()).unwrap_err();
            error.to_string()
        };
        assert!(
            said.contains("a row has more values than are read")
                || said.contains("a row is far larger than its compressed file"),
            "{said}"
        );
    }
}

#[test]
fn no_flipped_bit_of_a_packed_file_gives_other_values() {
    let whole = gzip(&images());
    let folder = folder(&[("images.idx", &whole)]);
    let path = folder.path().join("images.idx");
    let open = || Source::open(path.to_str().unwrap()).map(|source| source.train);
    let good = open().unwrap();
    for bit in 0..whole.len() * 8 {
        let mut bytes = whole.clone();
        bytes[bit / 8] ^= 1 << (bit % 8);
        fs::write(&path, &bytes).unwrap();
        if let Ok(data) = open() {
            assert_eq!(data.values(), good.values(), "bit {bit}");
        }
    }
}
