//! What to do about a failure of a network.

/// The first of GDAL's messages that speaks of the network, and not of what failed because of it.
pub(crate) fn failure_of_network(messages: &[String]) -> Option<&String> {
    let words = ["HTTP", "response_code", "curl", "CURL", "Range downloading", "onnect", "vsis3"];
    messages.iter().find(|message| words.iter().any(|word| message.contains(word)))
}

/// What the user can do where GDAL `said` this.
pub(crate) fn advice(said: &str) -> &'static str {
    let answers = |status: &str| {
        said.contains(&format!("response code: {status}"))
            || said.contains(&format!("response_code={status}"))
    };
    if answers("401") || answers("403") || said.contains("Access Denied") || said.contains("AWS_") {
        "the server lets nobody in without credentials: give them in the variables of the environment that GDAL reads \
         (`AWS_ACCESS_KEY_ID` and `AWS_SECRET_ACCESS_KEY`, `GDAL_HTTP_USERPWD`, …), or `AWS_NO_SIGN_REQUEST=YES` for a \
         public bucket"
    } else if answers("404") || answers("410") {
        "there is no such file on the server: is the address right?"
    } else if said.contains("Range downloading not supported") {
        "the server does not send parts of files, which reading in place needs: download the file, and name the copy"
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
            ("Request for 0-9 failed with response_code=0", "again"),
        ] {
            assert!(advice(said).contains(word), "{said}");
        }
    }
}
