//! What to do about a failure of a network, and whether it may pass.

/// Whether `said` holds the answer `status` of a server, in one of the ways in which GDAL puts it.
fn answers(said: &str, status: &str) -> bool {
    let ways = ["response code: ", "response_code=", "error code: "];
    ways.iter().any(|way| said.contains(&format!("{way}{status}")))
}

/// Whether a failure of which GDAL `said` this may pass: everything but an answer that is final.
pub(crate) fn is_passing(said: &str) -> bool {
    let last = ["400", "401", "403", "404", "405", "410", "416"];
    !last.iter().any(|status| answers(said, status)) && !said.contains(NO_PARTS)
}

/// What GDAL says of a server that gives whole files only.
const NO_PARTS: &str = "Range downloading not supported";

/// What the user can do where GDAL `said` this.
pub(crate) fn advice(said: &str) -> &'static str {
    let answers = |status| answers(said, status);
    if answers("401") || answers("403") || said.contains("Access Denied") || said.contains("AWS_") {
        "the server lets nobody in without credentials: give them in the variables of the environment that GDAL reads \
         (`AWS_ACCESS_KEY_ID` and `AWS_SECRET_ACCESS_KEY`, `GDAL_HTTP_USERPWD`, …), or `AWS_NO_SIGN_REQUEST=YES` for a \
         public bucket"
    } else if answers("404") || answers("410") {
        "there is no such file on the server: is the address right?"
    } else if said.contains(NO_PARTS) {
        "the server does not send parts of files, which reading in place needs: download the file, and name the copy"
    } else if said.contains("not recognized as") {
        "what the server gives is no raster, or no whole one: is the address right?"
    } else {
        "run the same command again when the server answers; `GDAL_HTTP_MAX_RETRY` and `GDAL_HTTP_RETRY_DELAY` \
         (seconds) make it wait longer"
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_kind_of_failure_has_its_advice() {
        for (said, word) in [
            ("HTTP response code: 403", "AWS_NO_SIGN_REQUEST"),
            ("HTTP response code: 404", "address"),
            ("Range downloading not supported by this server!", "download the file"),
            ("`/vsicurl/x' not recognized as a supported file format.", "no raster"),
            ("HTTP error code: 503 - http://x.org/m.tif", "again"),
        ] {
            assert!(advice(said).contains(word), "{said}");
        }
    }

    #[test]
    fn only_final_answers_do_not_pass() {
        assert!(
            is_passing("HTTP error code: 503 - http://x.org/m.tif") && is_passing("Read error")
        );
        assert!(!is_passing("HTTP response code: 404"));
    }
}
