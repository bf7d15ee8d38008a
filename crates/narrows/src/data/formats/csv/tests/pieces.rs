//! The result is the same for all chunk sizes and threads; rows far into a file can decide.

use super::*;

fn in_chunks(file: &Written, sizes: (usize, usize), threads: usize) -> Whole {
    let options = ReadOptions::default();
    let mut table = in_parts(file, &options, sizes, threads).unwrap();
    whole(&mut table).unwrap()
}

#[test]
fn chunks_and_threads_change_nothing() {
    let mut text = String::from("n,\"a b\",word\r\n");
    for row in 0..400 {
        let word = match row % 7 {
            0 => "\"two\r\nlines, \"\"quoted\"\"\"",
            1 => "NA",
            2 => "it's 5\" wide",
            3 => "",
            _ => "grün",
        };
        text += &format!("{row},{}.5, {word} \r\n", row * 37 % 101);
        if row % 50 == 0 {
            text += "# a comment, \"which is one\r\n\r\n";
        }
    }
    let file = written("t.csv", text.as_bytes());
    let expected = in_chunks(&file, (1 << 20, 1 << 20), 1);
    assert_eq!(expected.rows.len(), 400);
    for (start, chunk) in [
        (60, 1),
        (200, 7),
        (500, 64),
        (1 << 20, 100),
        (100, 1000),
        (1000, 1 << 20),
    ] {
        for threads in [1, 2, 5] {
            assert_eq!(
                in_chunks(&file, (start, chunk), threads),
                expected,
                "{start} {chunk} {threads}"
            );
        }
    }
}

#[test]
fn rows_far_into_a_file_decide() {
    let whole_then = |late: &[&str]| {
        let mut text = String::from("a;b\n");
        for row in 0..200 {
            text += &format!("{row};124.355\n");
        }
        for line in late {
            text += &format!("{line}\n");
        }
        let file = written("t.csv", text.as_bytes());
        let options = ReadOptions::default();
        let mut table = in_parts(&file, &options, (100, 300), 3).unwrap();
        whole(&mut table)
    };
    let found = whole_then(&["1.5;7.4"]).unwrap();
    assert_eq!(
        (found.columns.as_slice(), found.rows[200].as_str()),
        (
            ["a:Float", "b:Float"].map(String::from).as_slice(),
            "1.5 | 7.4"
        )
    );
    let found = whole_then(&["1;1.234.567"]).unwrap();
    assert_eq!(
        (found.rows[0].as_str(), found.rows[200].as_str()),
        ("0 | 124355", "1 | 1234567")
    );
    assert!(
        whole_then(&["1;2"])
            .unwrap_err()
            .to_string()
            .contains("the decimal sign is in doubt")
    );
    let words: Vec<String> = (0..300).map(|row| format!("w{row};124.3")).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    assert_eq!(whole_then(&words).unwrap().columns, ["a:Text", "b:Float"]);
}

#[test]
fn skipped_lines_at_the_end_whatever_the_chunks() {
    let text = "a,b\n1,2\n3,4\n5,6\nsum of\nall,1,2,3\n\n";
    let file = written("t.csv", text.as_bytes());
    let options = with(|text| text.skip_end = Some(2));
    for chunk in [1, 3, 5, 9, 100] {
        let mut table = in_parts(&file, &options, (1 << 20, chunk), 2).unwrap();
        assert_eq!(
            whole(&mut table).unwrap().rows,
            ["1 | 2", "3 | 4", "5 | 6"],
            "{chunk}"
        );
    }
}

#[test]
fn an_error_of_the_caller_ends_it() {
    let text = format!("a\n{}", "1\n".repeat(2000));
    let file = written("t.csv", text.as_bytes());
    let options = ReadOptions::default();
    let mut table = in_parts(&file, &options, (64, 64), 3).unwrap();
    let mut calls = 0;
    let error = table.read(&[(0, As::Numbers)], &mut |_| {
        calls += 1;
        match calls {
            3 => Err(crate::Error::new(crate::ErrorKind::Interrupted, "stopped")),
            _ => Ok(()),
        }
    });
    assert!(error.is_err());
    assert_eq!(calls, 3);
}
