//! Images: formats, bits, channels, sizes, single files.

use super::*;
use image::{DynamicImage, GrayImage, ImageBuffer, Luma, Rgb, RgbImage};

/// An encoder and a decoder of two steps of 2; `{}` are the paddings of the decoder's outputs.
const STRIDES: &str = "
    name = 'strides'
    encoder = [
        { layer = 'conv2d', channels = 4, kernel = 3, stride = 2, padding = 1 }, { layer = 'relu' },
        { layer = 'conv2d', channels = 2, kernel = 3, stride = 2, padding = 1 },
    ]
    decoder = [
        { layer = 'conv-transpose2d', channels = 4, kernel = 3, stride = 2, padding = 1, output_padding = FIRST },
        { layer = 'relu' },
        { layer = 'conv-transpose2d', kernel = 3, stride = 2, padding = 1, output_padding = SECOND },
        { layer = 'sigmoid' },
    ]
    training = { epochs = 1, batch_size = 4 }
";

fn gray(seed: u32, width: u32, height: u32) -> GrayImage {
    GrayImage::from_fn(width, height, |x, y| {
        Luma([(x * 11 + y * 7 + seed * 5) as u8])
    })
}

fn color(seed: u32, width: u32, height: u32) -> RgbImage {
    RgbImage::from_fn(width, height, |x, y| {
        Rgb([(x * 20) as u8, (y * 20) as u8, (seed * 37 + x) as u8])
    })
}

fn save(folder: &Folder, name: &str, image: impl Into<DynamicImage>) {
    image.into().save(folder.path(name)).unwrap();
}

#[test]
fn folders_of_every_format_train() {
    let folder = Folder::new();
    for ending in ["tif", "bmp", "webp", "gif", "png"] {
        for image in 0..3 {
            let pixels = DynamicImage::from(color(image, 12, 12));
            // The encoder takes color with alpha only, and makes a palette of it.
            let pixels = if ending == "gif" {
                pixels.into_rgba8().into()
            } else {
                pixels
            };
            save(&folder, &format!("{ending}/{image}.{ending}"), pixels);
        }
        let tried = folder.tried(ending);
        assert_eq!(
            (tried.rows(), &tried.parts[0]["shape"]),
            (3, &serde_json::json!([3, 12, 12])),
            "{ending}"
        );
        let others = tried
            .said
            .lines()
            .filter(|line| !line.contains("warning: training has"));
        assert_eq!(others.count(), 0, "{}", tried.said);
    }
    // What is no image is counted.
    folder
        .put("png/a.heic", "")
        .put("png/b.heic", "")
        .put("png/notes.txt", "");
    let said = folder.tried("png").said;
    assert!(
        said.contains("beside the images: 2 .heic, 1 .txt, not read"),
        "{said}"
    );
}

#[test]
fn twelve_bits_in_sixteen_stay_apart_and_come_back() {
    let folder = Folder::new();
    for image in 0..6_u32 {
        let pixels = ImageBuffer::<Luma<u16>, _>::from_fn(24, 24, |x, y| {
            Luma([(x * 90 + y * 80 + image * 9) as u16])
        });
        save(&folder, &format!("scope/{image}.png"), pixels);
    }
    let tried = folder.tried("scope");
    assert_eq!(tried.parts[0]["type"], "16-bit integers without a sign");
    let mut said = tried.said.lines();
    let few = said.next().unwrap_or_default();
    assert!(
        few.contains("warning: training has only 1 step") && said.next().is_none(),
        "{few}"
    );
    folder.ok("data convert --data scope -o again");
    for name in ["0.png", "5.png"] {
        let read = |at: &str| image::open(folder.path(&format!("{at}/{name}"))).unwrap();
        assert_eq!(read("again").color(), image::ColorType::L16);
        assert_eq!(read("again").into_luma16(), read("scope").into_luma16());
    }
    folder.ok("reconstruct pasted --data scope -o theirs");
    let theirs = image::open(folder.path("theirs/0.png")).unwrap();
    assert_eq!(theirs.color(), image::ColorType::L16);
}

#[test]
fn gray_and_color_meet_a_model_of_the_other_and_one_file_is_one_row() {
    let folder = Folder::new();
    for image in 0..6 {
        save(&folder, &format!("gray/{image}.png"), gray(image, 12, 12));
        save(&folder, &format!("color/{image}.png"), color(image, 12, 12));
    }
    for kind in ["gray", "color"] {
        folder.ok(&format!(
            "train simple-linear --data {kind} --epochs 1 --out of-{kind}"
        ));
    }
    let said = folder.said("score of-gray --data color -o a.csv");
    assert!(
        said.contains("converted 6 color images to gray")
            && said.contains("as the model has 1 channel"),
        "{said}"
    );
    let said = folder.said("score of-color --data gray -o b.csv");
    assert!(said.contains("converted 6 gray images to color"), "{said}");
    folder.ok("score of-color --data color -o all.csv");
    folder.ok("score of-color --data color/1.png -o one.csv");
    let (all, one) = (folder.text("all.csv"), folder.text("one.csv"));
    assert_eq!(
        one.lines().nth(1),
        all.lines().find(|line| line.contains("1.png"))
    );
    folder.ok("reconstruct of-color --data color/1.png -o look.png");
    assert_eq!(folder.info("color/1.png")[0]["rows"], 1);
}

#[test]
fn one_image_trains_with_a_warning() {
    let folder = Folder::new();
    save(&folder, "single/a.png", color(1, 12, 12));
    for spec in ["single", "single/a.png"] {
        let tried = folder.tried(spec);
        assert_eq!(
            tried.said.matches("warning: there is only one row").count(),
            1,
            "{}",
            tried.said
        );
        assert!(
            tried.table.contains("tested on    1 row"),
            "{}",
            tried.table
        );
    }
    // So does a table of one row.
    folder.put("one.csv", "a,b,c\n1.5,2.5,3.5\n");
    let tried = folder.tried("one.csv");
    assert_eq!(
        tried.list("remarks"),
        ["there is only one row: the model would be tested on the row that it is trained on"]
    );
    assert!(
        tried.said.contains("warning: there is only one row"),
        "{}",
        tried.said
    );
}

#[test]
fn odd_sizes_are_refused_with_what_makes_them_fit() {
    let folder = Folder::new();
    for image in 0..8 {
        save(&folder, &format!("odd/{image}.png"), gray(image, 27, 27));
        save(&folder, &format!("wide/{image}.png"), color(image, 50, 37));
    }
    for (name, first, second) in [
        ("usual", "1", "1"),
        ("odd", "1", "0"),
        ("wide", "[0, 0]", "[0, 1]"),
    ] {
        folder.put(
            &format!("{name}.toml"),
            STRIDES.replace("FIRST", first).replace("SECOND", second),
        );
    }
    let fits = ["output_padding", "--image-size"];
    folder.refused(
        "train usual.toml --data odd --out no",
        &[&["[1, 27, 27]", "[1, 28, 28]"], &fits[..]].concat(),
    );
    folder.refused(
        "train usual.toml --data wide --out no",
        &[&["[3, 37, 50]", "[3, 40, 52]"], &fits[..]].concat(),
    );
    folder.ok("train odd.toml --data odd --out a");
    folder.ok("train wide.toml --data wide --out b");
    folder.ok("train usual.toml --data odd --image-size 28x28 --out c");
    folder.ok("export b -o b.onnx");
}
