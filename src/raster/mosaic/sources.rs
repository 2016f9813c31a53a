//! The files behind a mosaic on this machine.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

/// The largest virtual raster that is searched for its sources.
const MOST_BYTES: u64 = 64 << 20;
/// How a virtual raster names a source.
const BEFORE_NAME: &str = "<SourceFilename";
const RELATIVE: &str = "relativeToVRT=\"1\"";

/// The files that the pixels of the mosaic at `path` come from, as far as they lie on this machine: itself, and behind it, where it
/// is a virtual raster (VRT), its sources in their order, each once. None where it is no file.
///
/// What a source is put together of itself is not looked for, and neither is what lies on servers or in archives.
pub fn files_behind(path: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    if path.is_file() {
        files.push(path.to_owned());
        files.extend(text_of(path).map(|text| sources(&text, path)).unwrap_or_default());
    }
    files
}

/// The text of a virtual raster.
fn text_of(path: &Path) -> Option<String> {
    let is_vrt = path.extension().is_some_and(|end| end.eq_ignore_ascii_case("vrt"));
    let mut text = String::new();
    // One that cannot be read has no sources here; opening it says what is wrong.
    let file = File::open(path).ok().filter(|_| is_vrt)?;
    file.take(MOST_BYTES).read_to_string(&mut text).ok().map(|_| text)
}

fn sources(text: &str, vrt: &Path) -> Vec<PathBuf> {
    let folder = vrt.parent().unwrap_or(Path::new(""));
    let mut seen = std::collections::BTreeSet::new();
    let source = |element: &str| {
        let (attributes, rest) = element.split_once('>')?;
        let name = plain(rest.split_once('<')?.0);
        let path = if attributes.contains(RELATIVE) { folder.join(name) } else { name.into() };
        Some(path).filter(|path| path.is_file())
    };
    let found = text.split(BEFORE_NAME).skip(1).filter_map(source);
    found.filter(|path| seen.insert(path.clone())).collect()
}

/// Text as it was before it became XML.
fn plain(text: &str) -> String {
    let marks = [("&lt;", "<"), ("&gt;", ">"), ("&quot;", "\""), ("&apos;", "'"), ("&amp;", "&")];
    marks.iter().fold(text.trim().to_owned(), |text, (mark, sign)| text.replace(mark, sign))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    #[test]
    fn sources_of_a_virtual_raster_come_once_and_in_order() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        for name in ["b&c.tif", "a.tif"] {
            fs::write(at(name), "x").unwrap();
        }
        let source = |name: &str, relative: u8| {
            format!(
                "<SourceFilename relativeToVRT=\"{relative}\" shared=\"0\">{name}</SourceFilename>\n"
            )
        };
        let absolute = at("a.tif").display().to_string();
        let names = [
            source("b&amp;c.tif", 1),
            source(&absolute, 0),
            source("b&amp;c.tif", 1),
            source("missing.tif", 1),
            source("/vsicurl/http://example.org/m.tif", 0),
        ];
        fs::write(at("m.vrt"), format!("<VRTDataset>{}<SourceFilename", names.concat())).unwrap();
        assert_eq!(files_behind(&at("m.vrt")), [at("m.vrt"), at("b&c.tif"), at("a.tif")]);
        assert_eq!(files_behind(&at("a.tif")), [at("a.tif")]);
        assert!(files_behind(Path::new("https://example.org/m.vrt")).is_empty());
        assert!(files_behind(&at("no.vrt")).is_empty());
    }
}
