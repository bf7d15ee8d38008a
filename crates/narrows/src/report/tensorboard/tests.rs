//! Logs, read back record by record.

use super::*;

/// The events of a log. Each length and each checksum must be right.
fn events(mut bytes: &[u8]) -> Vec<Event> {
    let mut events = Vec::new();
    while !bytes.is_empty() {
        let (length, rest) = bytes.split_first_chunk::<8>().unwrap();
        let (sum, rest) = rest.split_first_chunk::<4>().unwrap();
        assert_eq!(unmasked(*sum), bitwise(length));
        let (event, rest) = rest.split_at(u64::from_le_bytes(*length) as usize);
        let (sum, rest) = rest.split_first_chunk::<4>().unwrap();
        assert_eq!(unmasked(*sum), bitwise(event));
        events.push(Event::decode(event).unwrap());
        bytes = rest;
    }
    events
}

fn unmasked(sum: [u8; 4]) -> u32 {
    let masked = u32::from_le_bytes(sum).wrapping_sub(0xa282_ead8);
    masked.rotate_left(15)
}

/// CRC-32C by its definition, bit by bit.
fn bitwise(bytes: &[u8]) -> u32 {
    let step = |sum: u32, _| sum >> 1 ^ if sum & 1 == 1 { 0x82f6_3b78 } else { 0 };
    !bytes
        .iter()
        .fold(!0, |sum, &byte| (0..8).fold(sum ^ u32::from(byte), step))
}

/// Tag, step and value of each event except the first one, which must contain the version.
fn scalars(path: &Path) -> Vec<(String, i64, f32)> {
    let events = events(&fs::read(path).unwrap());
    assert_eq!(events[0].file_version.as_deref(), Some(VERSION));
    let scalars = events[1..].iter().map(|event| {
        assert!(event.wall_time > 1.5e9 && event.file_version.is_none());
        let [value] = &event.summary.as_ref().unwrap().value[..] else {
            panic!("one value an event");
        };
        (value.tag.clone(), event.step, value.simple_value.unwrap())
    });
    scalars.collect()
}

#[test]
fn checksums_are_crc_32c() {
    // RFC 3720, B.4, and the usual word.
    for (bytes, sum) in [(&b"123456789"[..], 0xe306_9283), (&[0; 32], 0x8a91_36aa)] {
        assert_eq!(CASTAGNOLI.checksum(bytes), sum);
        assert_eq!(bitwise(bytes), sum);
        assert_eq!(unmasked(checksum(bytes).to_le_bytes()), sum);
    }
}

#[test]
fn a_record_has_the_bytes_of_the_format() {
    // An event in the wire format: wall_time, step, then a summary of one value with tag and number.
    let mut event = vec![0x09];
    event.extend(2.0f64.to_le_bytes());
    event.extend([0x10, 0x03, 0x2a, 0x0a, 0x0a, 0x08, 0x0a, 0x01, b'a', 0x15]);
    event.extend(0.5f32.to_le_bytes());
    let record = scalar_record(2.0, "a", 3, 0.5);
    assert_eq!(record[..8], (event.len() as u64).to_le_bytes());
    assert_eq!(record[12..record.len() - 4], event);
    // A value of 0 must be written too.
    let events = events(&scalar_record(2.0, "a", 0, 0.0));
    assert_eq!(
        events[0].summary.as_ref().unwrap().value[0].simple_value,
        Some(0.0)
    );
}

#[test]
fn numbers_are_kept_in_order() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path().join("a/b");
    let mut log = EventFile::create(&folder).unwrap();
    log.scalar("loss/train", 1, 0.25).unwrap();
    log.scalar("loss/train", 2, f64::NAN).unwrap();
    log.scalar("größe", u64::MAX, 1.0).unwrap();
    log.flush().unwrap();
    let found = scalars(log.path());
    assert_eq!(found[0], ("loss/train".into(), 1, 0.25));
    assert!(found[1].2.is_nan());
    assert_eq!(found[2], ("größe".into(), i64::MAX, 1.0));
    // Another log of the same second does not overwrite it.
    assert_ne!(EventFile::create(&folder).unwrap().path(), log.path());
}

#[test]
fn a_log_goes_on_behind_its_last_whole_record() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let mut log = EventFile::append(folder).unwrap();
    let start = fs::metadata(log.path()).unwrap().len();
    log.scalar("a", 1, 1.0).unwrap();
    log.flush().unwrap();
    let path = log.path().to_path_buf();
    drop(log);
    let whole = fs::read(&path).unwrap();
    let mut broken = whole.clone();
    *broken.last_mut().unwrap() ^= 1;
    let cut = (start as usize..whole.len()).map(|len| whole[..len].to_vec());
    let huge = [&whole[..start as usize], &[0xff; 40]].concat();
    for bytes in cut.chain([broken, huge]) {
        fs::write(&path, bytes).unwrap();
        let mut log = EventFile::append(folder).unwrap();
        assert_eq!(log.path(), path);
        log.scalar("a", 2, 2.0).unwrap();
        log.flush().unwrap();
        assert_eq!(scalars(&path), [("a".into(), 2, 2.0)]);
    }
    fs::write(&path, &whole).unwrap();
    EventFile::append(folder)
        .unwrap()
        .scalar("a", 2, 2.0)
        .unwrap();
    assert_eq!(scalars(&path), [("a".into(), 1, 1.0), ("a".into(), 2, 2.0)]);

    fs::write(&path, b"").unwrap();
    drop(EventFile::append(folder).unwrap());
    assert_eq!(scalars(&path), []);
    fs::write(&path, b"something else").unwrap();
    let error = EventFile::append(folder).unwrap_err().to_string();
    assert!(error.contains("not a log of TensorBoard"), "{error}");
    assert_eq!(fs::read(&path).unwrap(), b"something else");
}

#[test]
fn the_newest_log_is_the_one_to_go_on_with() {
    let folder = tempfile::tempdir().unwrap();
    let name = |end: &str| folder.path().join(format!("{PREFIX}{end}"));
    for end in [
        "0000000009.narrows",
        "0000000010.narrows.2",
        "0000000010.narrows.10",
        "9.host",
    ] {
        fs::write(name(end), version_record(1.0)).unwrap();
    }
    let log = EventFile::append(folder.path()).unwrap();
    assert_eq!(log.path(), name("0000000010.narrows.10"));
}
