//! Where recordings are kept: a folder, or a bucket that speaks S3 with the variables of AWS's own tools.

use std::path::Path;

use secrecy::ExposeSecret;
use switchboard_store::recordings::RecordingsPlace;
use url::Url;

use super::read::{ConfigError, Settings};

const PLACE: &str = "SWITCHBOARD_RECORDINGS_URL";
const HINT: &str = "s3://bucket/prefix or file:///folder, with AWS_REGION, AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY \
                    and, for another service than Amazon's, AWS_ENDPOINT_URL beside s3:";

/// Not secret.
const PLAIN: [&str; 6] = [
    "AWS_REGION",
    "AWS_DEFAULT_REGION",
    "AWS_ENDPOINT_URL",
    "AWS_ENDPOINT_URL_S3",
    "AWS_ALLOW_HTTP",
    "AWS_VIRTUAL_HOSTED_STYLE_REQUEST",
];
/// May stand in a file of their own.
const SECRET: [&str; 3] = ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"];

pub(super) fn read(settings: &Settings, data_dir: &Path) -> Result<RecordingsPlace, ConfigError> {
    let own = data_dir.join("recordings");
    let Some(url) = settings.parsed::<Url>(PLACE, HINT)? else { return Ok(RecordingsPlace::folder(own)) };
    if url.scheme() == "file" {
        let folder = url.to_file_path().map_err(|()| ConfigError::malformed(PLACE, HINT))?;
        return Ok(RecordingsPlace::folder(folder));
    }
    let mut options = Vec::new();
    for name in PLAIN {
        options.extend(settings.text(name).map(|value| (name.to_lowercase(), value)));
    }
    for name in SECRET {
        let secret = settings.secret(name)?;
        options.extend(secret.map(|value| (name.to_lowercase(), value.expose_secret().to_owned())));
    }
    RecordingsPlace::bucket(own, &url, options).map_err(|_| ConfigError::malformed(PLACE, HINT))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_a_bucket_or_nothing_is_understood_and_anything_else_is_refused() {
        let read = |pairs: &[(&str, &str)]| read(&Settings::from_pairs(pairs), Path::new("data"));
        assert!(format!("{:?}", read(&[]).expect("default")).contains("data/recordings"));
        let elsewhere = read(&[(PLACE, "file:///srv/recordings")]).expect("a folder");
        assert!(format!("{elsewhere:?}").contains("/srv/recordings"));
        let bucket = [
            (PLACE, "s3://recordings/switchboard"),
            ("AWS_REGION", "eu-west-1"),
            ("AWS_ACCESS_KEY_ID", "id"),
            ("AWS_SECRET_ACCESS_KEY", "very-secret"),
        ];
        let bucket = format!("{:?}", read(&bucket).expect("a bucket"));
        assert!(bucket.contains("bucket: true") && !bucket.contains("very-secret"), "{bucket}");
        for url in ["gs://recordings", "ftp://x/y", "recordings", "file://host/folder"] {
            let error = read(&[(PLACE, url)]).expect_err(url);
            assert!(error.to_string().contains(PLACE), "{error}");
        }
    }
}
