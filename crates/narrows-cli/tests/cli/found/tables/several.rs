//! Several files as one table, and files of other kinds.

use super::*;

#[test]
fn folders_patterns_and_several_files_are_one_table() {
    let folder = Folder::new();
    let rows = cells(60, 3);
    for (day, rows) in rows.chunks(20).enumerate() {
        let name = format!("day{day}");
        folder.put(&format!("days/{name}.csv"), lines("a,b,c", rows, ","));
        folder.path("spark/x");
        let line = format!(
            "data convert --data days/{name}.csv -o spark/part-0000{day}-c000.snappy.parquet"
        );
        folder.ok(&line);
    }
    folder
        .put("spark/_SUCCESS", "")
        .put("spark/.part-00000-c000.snappy.parquet.crc", "crc");
    let all = lines("a,b,c", &rows, ",");
    for spec in [
        "days",
        "'days/*.csv'",
        "days/day0.csv --data days/day1.csv --data days/day2.csv",
        "spark",
    ] {
        assert_eq!(folder.converted(spec), all, "{spec}");
    }
    for spec in ["days", "'days/*.csv'", "days/*.csv", "spark"] {
        let tried = folder.tried(spec);
        assert_eq!(tried.rows(), 60);
        assert!(
            tried.said.contains("read as: 3 files as one table"),
            "{}",
            tried.said
        );
    }
    // By name, whatever the order; the file that has not what the others have is named.
    let reversed: Vec<Vec<String>> = rows[20..40]
        .iter()
        .map(|row| row.iter().rev().cloned().collect())
        .collect();
    folder.put("days/day1.csv", lines("c,b,a", &reversed, ","));
    assert_eq!(folder.converted("days"), all);
    folder.put("days/day1.csv", lines("a,b,d", &rows[20..40], ","));
    folder.refused("data convert --data days -o no.csv", &["day1.csv", "`c`"]);
}

/// Lists, spans of time, points in time, categories and gaps in Parquet.
#[test]
fn columns_of_parquet_are_what_they_are() {
    let folder = Folder::new();
    let fixtures = format!(
        "{}/../narrows/tests/fixtures/parquet",
        env!("CARGO_MANIFEST_DIR")
    );
    for name in ["lists", "pandas", "int96"] {
        fs::copy(
            format!("{fixtures}/{name}.parquet"),
            folder.path(&format!("{name}.parquet")),
        )
        .unwrap();
    }
    let lists = folder.tried("lists.parquet --columns fixed_0,fixed_1,fixed_2 --id id");
    assert!(
        lists.said.contains(
            "column `fixed` holds lists of 3 numbers: read as the columns fixed_0 to fixed_2"
        ),
        "{}",
        lists.said
    );
    assert_eq!(
        folder.converted("lists.parquet --columns fixed_0,fixed_2 --id id --missing zero"),
        "id,fixed_0,fixed_2\na,1.5,3.5\nb,4.5,6.5\nc,0,0\nd,7.5,9.5\n"
    );
    let pandas = folder.tried("pandas.parquet");
    assert_eq!(
        pandas.columns(),
        "a:input took:ignored kind:ignored n:input __index_level_0__:ignored"
    );
    assert_eq!(
        pandas.list("refusals"),
        ["1 cell is missing, in `n` (`--missing mean` fills them)"]
    );
    assert!(
        pandas
            .said
            .contains("`took` (spans of time); `kind` (words)"),
        "{}",
        pandas.said
    );
    assert_eq!(
        folder.converted("pandas.parquet --columns a --id took --label kind"),
        "took,kind,a\n00:01:00.000000,x,0.5\n00:01:01.000000,y,1.5\n00:01:02.000000,x,2.5\n"
    );
    folder.refused(
        "train table --data int96.parquet --out no",
        &["no column of numbers is left", "`when`"],
    );
    let ids = folder.converted("pandas.parquet --columns a --id __index_level_0__");
    assert_eq!(ids, "__index_level_0__,a\n3,0.5\n5,1.5\n7,2.5\n");
}

#[test]
fn paths_have_any_letters() {
    let folder = Folder::new();
    folder.put(
        "pfad mit ü 100%20/dätä %s.csv",
        lines("a,b,c,d,e", &cells(40, 5), ","),
    );
    let tried = folder.tried("'pfad mit ü 100%20/dätä %s.csv'");
    assert_eq!(tried.rows(), 40);
    folder
        .ok("score pasted --data 'pfad mit ü 100%20/dätä %s.csv' -o 'pfad mit ü 100%20/ö %d.csv'");
    assert_eq!(
        folder.text("pfad mit ü 100%20/ö %d.csv").lines().count(),
        41
    );
}

/// A later file in another unit than the training file is refused; one without a unit is warned of.
#[test]
fn units_of_later_files_are_compared_with_those_of_training() {
    let folder = Folder::new();
    let table = |unit: &str| {
        let rows = (1..20).map(|row| format!("{row}.5{unit},{}\n", row * row % 7));
        format!("x,y\n{}", rows.collect::<String>())
    };
    folder
        .put("train.csv", table("%"))
        .put("other.csv", table("kg"))
        .put("none.csv", table(""));
    folder.ok("train table --data train.csv --epochs 1 --out run");
    folder.refused(
        "score run --data other.csv -o no.csv",
        &["the unit % of the column `x`, as in training, found kg"],
    );
    let said = folder.said("score run --data none.csv -o scores.csv");
    assert!(
        said.contains("the column `x` has no unit, but had the unit % in training"),
        "{said}"
    );
    // A run is no data.
    folder.refused(
        "data info run",
        &["it is a run of Narrows", "`narrows inspect run`"],
    );
}
