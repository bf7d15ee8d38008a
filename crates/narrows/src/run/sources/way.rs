//! Paths from the folder of a run to its data, and the errors if the data have moved.

use crate::advice::{Action, Setting, set};
use crate::data::{Source, Watch};
use crate::error::{Error, ErrorKind};
use std::path::{Component, Path, PathBuf};

/// Whether the source of a spec exists.
pub(super) fn is_there(spec: &str) -> bool {
    let (name, _) = Source::parts_of(spec);
    let of_several = name.rsplit_once(':').map(|(file, _)| file);
    Source::is_built_in(name)
        || Source::is_standard_input(name)
        || Path::new(name).exists()
        || of_several.is_some_and(|file| Path::new(file).exists())
        || (Source::is_pattern(name) && !Watch::of([&name.to_string()]).is_empty())
}

/// The error for a source of a run that exists but whose name cannot be written.
pub(super) fn nameless(folder: &Path, way: Option<&str>) -> Option<Error> {
    let path = way
        .map(|way| folder.join(way))
        .filter(|path| path.exists())?;
    let what = "the path of the run's data is not UTF-8 text";
    let error = Error::new(ErrorKind::Data, what).at(path.display());
    Some(error.hint("start Narrows in the folder of the data, or rename the folders above it"))
}

/// Why a source of a run cannot be read: it is not where it was. The setting `option` of training names it.
pub(super) fn moved_away(recorded: &str, folder: &Path, option: Setting, goes_on: bool) -> Error {
    let source = set(option, "SOURCE");
    let way_out = if goes_on || option == Setting::Data {
        format!("give their new place with {source}")
    } else {
        // Other commands do not have this option.
        format!(
            "give their new place with {}",
            Action::GoOn {
                run: folder.to_path_buf(),
                settings: source
            }
        )
    };
    let what = match option {
        Setting::Data => "the data of the run are no longer there",
        Setting::Validation => "the validation rows of the run are no longer there",
        _ => "the test rows of the run are no longer there",
    };
    Error::new(ErrorKind::Data, what)
        .at(recorded)
        .hint(format!("put them back, or {way_out}"))
}

/// The source at a path relative to a run's folder, if it exists and its name can be written.
pub(super) fn beside_run(folder: &Path, way: &str) -> Option<String> {
    let path = folder.join(way);
    // Without the path through the run's folder, if possible.
    let whole = whole(&path);
    let here = std::env::current_dir().ok();
    let from_here = here.and_then(|here| way_to(&here.canonicalize().ok()?, &whole));
    let names = [Some(whole), Some(path), from_here];
    let mut names = names.iter().flatten().filter_map(|path| path.to_str());
    names.find(|name| is_there(name)).map(String::from)
}

/// The absolute path without links and `..`, as far as the path exists: the rest may be a pattern or an array of an
/// archive, which do not exist as paths.
pub(super) fn whole(path: &Path) -> PathBuf {
    let path = std::path::absolute(path).unwrap_or_else(|_| path.to_path_buf());
    for known in path.ancestors() {
        if let (Ok(whole), Ok(rest)) = (known.canonicalize(), path.strip_prefix(known)) {
            // An empty rest would end the path with a separator.
            return if rest.as_os_str().is_empty() {
                whole
            } else {
                whole.join(rest)
            };
        }
    }
    path
}

/// The relative path from a folder to a path, both absolute; `None` if they are on different drives.
pub(super) fn way_to(folder: &Path, path: &Path) -> Option<PathBuf> {
    let shared = folder.components().zip(path.components());
    let shared = shared.take_while(|(a, b)| a == b).count();
    if shared == 0 {
        return None;
    }
    let back = folder
        .components()
        .skip(shared)
        .map(|_| Component::ParentDir);
    let way: PathBuf = back.chain(path.components().skip(shared)).collect();
    Some(way)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_way_leads_back_as_far_as_it_must() {
        let way = |from: &str, to: &str| way_to(Path::new(from), Path::new(to));
        assert_eq!(way("/a/run", "/a/rows.csv"), Some("../rows.csv".into()));
        assert_eq!(way("/a/b/run", "/c/x.csv"), Some("../../../c/x.csv".into()));
        assert_eq!(way("/a", "/a/x/*.csv"), Some("x/*.csv".into()));
        assert_eq!(way("a", "/a"), None);
    }
}
