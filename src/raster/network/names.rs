//! What a file on a server is called: by people, and by GDAL.

use std::borrow::Cow;
use std::path::{Path, PathBuf};

/// How addresses begin, and how GDAL's names for them do.
const ADDRESSES: [(&str, &str); 5] = [
    ("http://", "/vsicurl/http://"),
    ("https://", "/vsicurl/https://"),
    ("s3://", "/vsis3/"),
    ("gs://", "/vsigs/"),
    ("az://", "/vsiaz/"),
];

/// The virtual file systems that lie behind a network.
const REMOTE: [&str; 6] = ["/vsicurl", "/vsis3", "/vsigs", "/vsiaz", "/vsiadls", "/vsioss"];

/// The name under which GDAL finds `path`.
pub(crate) fn gdal_name(path: &Path) -> Cow<'_, Path> {
    let text = path.to_string_lossy();
    let found = ADDRESSES.iter().find_map(|(address, name)| {
        text.strip_prefix(address).map(|rest| PathBuf::from(format!("{name}{rest}")))
    });
    found.map_or(Cow::Borrowed(path), Cow::Owned)
}

/// Whether `path`, an address or a name of GDAL's, lies behind a network.
pub(crate) fn is_remote(path: &Path) -> bool {
    let name = gdal_name(path);
    let name = name.to_string_lossy();
    name.starts_with("/vsi") && REMOTE.iter().any(|system| name.contains(system))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_get_the_names_of_gdal_and_other_paths_stay() {
        for (path, name) in [
            ("https://x.org/a/m.tif?v=1", "/vsicurl/https://x.org/a/m.tif?v=1"),
            ("s3://bucket/a/m.tif", "/vsis3/bucket/a/m.tif"),
            ("gs://bucket/m.tif", "/vsigs/bucket/m.tif"),
            ("az://container/m.tif", "/vsiaz/container/m.tif"),
            ("/vsizip/m.zip/m.tif", "/vsizip/m.zip/m.tif"),
            ("data/m.tif", "data/m.tif"),
        ] {
            assert_eq!(gdal_name(Path::new(path)), Path::new(name));
        }
    }

    #[test]
    fn archives_on_servers_are_remote_and_those_on_disk_are_not() {
        let is_remote = |path: &str| is_remote(Path::new(path));
        assert!(is_remote("/vsizip//vsicurl/http://x.org/m.zip/m.tif"));
        assert!(is_remote("/vsizip/{/vsis3/bucket/m.zip}/m.tif") && is_remote("s3://b/m.tif"));
        assert!(!is_remote("/vsizip/m.zip/m.tif") && !is_remote("vsicurl/m.tif"));
    }
}
