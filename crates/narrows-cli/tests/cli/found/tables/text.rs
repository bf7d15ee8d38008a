//! Text in its dialects: separators, decimal signs, encodings, and lines that are not rows.

use super::*;

#[test]
fn decimal_commas_are_told_and_no_value_is_lost() {
    let folder = Folder::new();
    let mut rows = cells(40, 3);
    let with_commas =
        |rows: &[Vec<String>]| lines("Menge,Preis,Feuchte", rows, ";").replace('.', ",");
    folder.put("messung.csv", with_commas(&rows));
    assert_eq!(
        folder.converted("messung.csv"),
        lines("Menge,Preis,Feuchte", &rows, ",")
    );
    // Beside whole numbers too, with which the others must not be taken for missing.
    for (row, cells) in rows.iter_mut().enumerate() {
        if row % 3 > 0 {
            cells[0] = row.to_string();
        }
        if row % 2 > 0 {
            cells[1] = "7".into();
        }
    }
    folder.put("gemischt.csv", with_commas(&rows));
    let expected = lines("Menge,Preis,Feuchte", &rows, ",");
    for option in ["", "--missing mean", "--missing zero", "--decimal ,"] {
        assert_eq!(
            folder.converted(&format!("gemischt.csv {option}")),
            expected
        );
    }
    let tried = folder.tried("gemischt.csv");
    assert_eq!(
        tried.read_as(),
        "semicolons, decimal commas, header on line 1"
    );
    assert!(
        tried.said.contains("read as: semicolons, decimal commas"),
        "{}",
        tried.said
    );
}

#[test]
fn the_content_tells_the_separator_and_the_kind_whatever_the_name() {
    let folder = Folder::new();
    let rows = cells(30, 3);
    let plain = lines("a,b,c", &rows, ",");
    folder.put("table.csv", &plain);
    for (name, separator) in [
        ("tab.csv", "\t"),
        ("bar.csv", "|"),
        ("semi.tsv", ";"),
        ("spaces.csv", "  "),
        ("table.txt", ","),
        ("table.data", ","),
        ("table", ","),
    ] {
        folder.put(name, lines("a,b,c", &rows, separator));
    }
    let mut packed = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    packed
        .start_file("table.csv", zip::write::SimpleFileOptions::default())
        .unwrap();
    packed.write_all(plain.as_bytes()).unwrap();
    folder.put("table.csv.zip", packed.finish().unwrap().into_inner());
    folder.ok("data convert --data table.csv -o table.parquet");
    fs::rename(folder.path("table.parquet"), folder.path("table.pq")).unwrap();
    for name in [
        "tab.csv",
        "bar.csv",
        "semi.tsv",
        "spaces.csv",
        "table.txt",
        "table.data",
        "table",
        "table.csv.zip",
        "table.pq",
    ] {
        assert_eq!(folder.converted(name), plain, "{name}");
    }
    let bare: String = rows
        .iter()
        .map(|row| format!("{}\n", row.join(" ")))
        .collect();
    folder.put("savetxt.csv", bare);
    let tried = folder.tried("savetxt.csv");
    assert_eq!(
        (tried.rows(), tried.read_as()),
        (30, "spaces between cells, decimal points, no header")
    );
    assert!(
        tried.said.contains("used line 1 as a row"),
        "{}",
        tried.said
    );
}

#[test]
fn text_of_excel_is_read_and_older_text_refused_with_what_reads_it() {
    let folder = Folder::new();
    let rows = cells(20, 2);
    let text = lines("Température,Druck", &rows, "\t");
    let utf16: Vec<u8> = [0xFEFF]
        .into_iter()
        .chain(text.encode_utf16())
        .flat_map(u16::to_le_bytes)
        .collect();
    let plain = lines("Température,Druck", &rows, ",");
    for name in ["excel.txt", "excel.tsv"] {
        folder.put(name, &utf16);
        assert_eq!(folder.converted(name), plain);
    }
    assert_eq!(
        folder.tried("excel.txt").columns(),
        "Température:input Druck:input"
    );
    folder.put("latin1.csv", encoding_rs::WINDOWS_1252.encode(&plain).0);
    let line = "train table --data latin1.csv --epochs 1 --out run";
    folder.refused(
        line,
        &[
            "line 1, character 5",
            "not UTF-8",
            "--encoding windows-1252",
        ],
    );
    folder.ok(&format!("{line} --encoding windows-1252"));
    assert_eq!(
        folder.converted("latin1.csv --encoding windows-1252"),
        plain
    );
}

#[test]
fn marks_quotes_and_line_breaks_of_excel_change_no_value() {
    let folder = Folder::new();
    let mut text = "\u{feff}\"temp\",\"press\",\"note\"\r\n".to_string();
    let mut plain = "note,temp,press\n".to_string();
    for (row, cells) in cells(30, 2).iter().enumerate() {
        let note = format!("\"note {row}, first line\nsecond line\"");
        text += &format!("\"{}\", {} ,{note}\r\n", cells[0], cells[1]);
        plain += &format!("{note},{},{}\n", cells[0], cells[1]);
    }
    folder.put("excel.csv", text + "\r\n");
    assert_eq!(folder.converted("excel.csv --id note"), plain);
    assert_eq!(
        folder.tried("excel.csv --id note").columns(),
        "temp:input press:input note:id"
    );
}

#[test]
fn lines_before_the_header_are_left_out_with_a_word() {
    let folder = Folder::new();
    let rows = cells(30, 3);
    let plain = lines("temp,hum,wind", &rows, ",");
    let (head, below) = plain.split_once('\n').unwrap();
    for (name, text, note) in [
        (
            "hash.csv",
            format!("# logger 4.2, serial 0000\n# units: s, C, %\n{plain}"),
            "left out 2 comment lines before the table",
        ),
        (
            "plain.csv",
            format!("Plot Title: Site 7\nSerial Number: 0000\n\n{plain}"),
            "left out 2 lines before the header on line 4",
        ),
        (
            "units.csv",
            format!("{head}\nC,%,m/s\n{below}"),
            "line 2 has the units of the columns",
        ),
        (
            "savetxt.csv",
            format!("# {plain}"),
            "took the names of the columns from the comment on line 1",
        ),
    ] {
        folder.put(name, text);
        let tried = folder.tried(name);
        assert_eq!(
            (tried.rows(), tried.columns()),
            (30, "temp:input hum:input wind:input".into()),
            "{name}"
        );
        assert_eq!(tried.list("notes"), [note]);
        assert!(tried.said.contains(note), "{}", tried.said);
        assert_eq!(folder.converted(name), plain, "{name}");
    }
    assert_eq!(folder.info("units.csv")[0]["columns"][1]["unit"], "%");
    // Another title line may look like a header; then a person says how many lines there are.
    folder.put("titles.csv", format!("one,two\n{plain}"));
    assert_eq!(folder.converted("titles.csv --skip-lines 1"), plain);
}

#[test]
fn a_delimiter_at_the_end_of_lines_is_no_column() {
    let folder = Folder::new();
    let plain = lines("a,b,c", &cells(30, 3), ",");
    let all = plain.replace('\n', ",\n");
    folder
        .put("rows.csv", all.replacen("c,\n", "c\n", 1))
        .put("all.csv", &all);
    for (name, note) in [
        (
            "rows.csv",
            "left out empty cells after the last column in 30 rows",
        ),
        (
            "all.csv",
            "left out 1 column at the end without a name and without values",
        ),
    ] {
        assert_eq!(folder.tried(name).list("notes"), [note]);
        assert_eq!(folder.converted(name), plain);
        assert_eq!(folder.converted(&format!("{name} --missing mean")), plain);
    }
}

#[test]
fn a_line_of_totals_is_no_row_of_means() {
    let folder = Folder::new();
    let plain = lines("a,b,c", &cells(30, 3), ",");
    folder.put("report.csv", format!("{plain}Totals:,,\n"));
    for option in ["", "--missing mean"] {
        let line = format!("train table --data report.csv {option} --epochs 1 --out run");
        let said = folder.refused(
            &line,
            &["line 32", "a line of totals (\"Totals:\")", "--skip-end 1"],
        );
        assert!(!said.contains("--missing"), "{said}");
    }
    assert_eq!(folder.converted("report.csv --skip-end 1"), plain);
}

#[test]
fn every_way_to_write_that_a_value_is_missing_is_known() {
    let folder = Folder::new();
    let ways = [
        "NA", "N/A", "null", "None", "nan", "-", "?", "", "#N/A", "NULL", ".", "missing",
    ];
    let mut rows = cells(60, 3);
    for (row, way) in rows.iter_mut().zip(ways) {
        row[1] = way.into();
    }
    folder.put("gaps.csv", lines("a,b,c", &rows, ","));
    let tried = folder.tried("gaps.csv");
    assert_eq!(
        tried.list("refusals"),
        ["12 cells are missing, in `b` (`--missing mean` fills them)"]
    );
    assert!(
        tried.command().ends_with("--missing mean"),
        "{}",
        tried.command()
    );
    assert!(
        tried
            .said
            .contains("12 missing cells were filled with means, in `b`"),
        "{}",
        tried.said
    );
    folder.refused(
        "train table --data gaps.csv --out run",
        &["`b`: 12 cells (the first on line 2)", "--missing mean"],
    );
    assert_eq!(
        folder.converted("gaps.csv --missing drop"),
        lines("a,b,c", &rows[12..], ",")
    );
    for row in &mut rows[..12] {
        row[1] = "0".into();
    }
    assert_eq!(
        folder.converted("gaps.csv --missing zero"),
        lines("a,b,c", &rows, ",")
    );
}
