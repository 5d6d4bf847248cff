//! Where the files of recordings lie: on this machine's disk while a call runs, and there for good or in a bucket that
//! speaks S3 afterwards.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use bytes::Bytes;
use chrono::{DateTime, Datelike, Utc};
use object_store::aws::{AmazonS3Builder, AmazonS3ConfigKey};
use object_store::local::LocalFileSystem;
use object_store::path::Path as ObjectPath;
use object_store::{ClientOptions, ObjectStore, ObjectStoreExt, RetryConfig, WriteMultipart};
use tokio::io::AsyncReadExt;
use url::Url;
use uuid::Uuid;

use super::error::RecordingError;
use super::row::Place;

/// One part of an upload; S3 wants 5 MiB at the least.
const PART: usize = 8 * 1024 * 1024;
/// A listener waits for the bucket no longer than this; an errand comes back later.
const BUCKET_TIMEOUT: Duration = Duration::from_secs(30);
const BUCKET_CONNECTS: Duration = Duration::from_secs(5);
const BUCKET_RETRIES: usize = 2;
/// Parts of one upload under way at the same time.
const PARTS_AT_ONCE: usize = 2;

/// Where recordings are kept.
#[derive(Clone)]
pub struct RecordingsPlace {
    folder: PathBuf,
    bucket: Option<Bucket>,
}

#[derive(Clone)]
struct Bucket {
    objects: Arc<dyn ObjectStore>,
    prefix: ObjectPath,
}

impl RecordingsPlace {
    /// In this folder. It is made when the first recording begins.
    #[must_use]
    pub fn folder(folder: impl Into<PathBuf>) -> Self {
        Self { folder: folder.into(), bucket: None }
    }

    /// The folder on this machine.
    #[must_use]
    pub fn local_folder(&self) -> &Path {
        &self.folder
    }

    /// Finished recordings go into a bucket.
    #[must_use]
    pub fn has_bucket(&self) -> bool {
        self.bucket.is_some()
    }

    /// In this folder while a call runs, then in a bucket: `s3://bucket/prefix`, with options by the names of the AWS
    /// variables in lower case (`aws_region`, `aws_endpoint_url`, …).
    ///
    /// # Errors
    /// What is wrong with URL or options, in words; holds no secret.
    pub fn bucket(
        folder: impl Into<PathBuf>,
        url: &Url,
        options: Vec<(String, String)>,
    ) -> Result<Self, String> {
        if url.scheme() != "s3" {
            return Err(format!("{:?} is not supported; s3://bucket/prefix is", url.scheme()));
        }
        // The library's own words may quote a value that was given.
        let not_understood = || "the bucket's URL or one of the AWS_ variables is not understood".to_owned();
        let patience = RetryConfig {
            max_retries: BUCKET_RETRIES,
            retry_timeout: BUCKET_TIMEOUT,
            ..RetryConfig::default()
        };
        let waits = ClientOptions::new().with_timeout(BUCKET_TIMEOUT).with_connect_timeout(BUCKET_CONNECTS);
        let mut builder =
            AmazonS3Builder::new().with_url(url.as_str()).with_client_options(waits).with_retry(patience);
        for (name, value) in options {
            let key: AmazonS3ConfigKey = name.parse().map_err(|_| not_understood())?;
            builder = builder.with_config(key, value);
        }
        let objects = builder.build().map_err(|_| not_understood())?;
        let prefix = ObjectPath::from_url_path(url.path()).map_err(|_| not_understood())?;
        Ok(Self { folder: folder.into(), bucket: Some(Bucket { objects: Arc::new(objects), prefix }) })
    }
}

impl fmt::Debug for RecordingsPlace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RecordingsPlace")
            .field("folder", &self.folder)
            .field("bucket", &self.bucket.is_some())
            .finish()
    }
}

/// What is known of a file without opening it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct FileName(String);

impl FileName {
    /// Year, month and id: a folder of a month stays of a size that people can list.
    pub(super) fn of(id: Uuid, started_at: DateTime<Utc>) -> Self {
        Self(format!("{:04}/{:02}/rec_{}.swrec", started_at.year(), started_at.month(), id.simple()))
    }

    fn object(&self) -> ObjectPath {
        ObjectPath::from(self.0.as_str())
    }
}

/// The files themselves.
pub(crate) struct RecordingFiles {
    place: RecordingsPlace,
    disk: OnceLock<LocalFileSystem>,
}

impl RecordingFiles {
    pub(crate) fn new(place: RecordingsPlace) -> Self {
        Self { place, disk: OnceLock::new() }
    }

    pub(super) fn has_bucket(&self) -> bool {
        self.place.has_bucket()
    }

    pub(super) fn on_disk(&self, name: &FileName) -> PathBuf {
        self.place.folder.join(&name.0)
    }

    fn disk(&self) -> Result<&LocalFileSystem, object_store::Error> {
        if let Some(disk) = self.disk.get() {
            return Ok(disk);
        }
        let folder = &self.place.folder;
        std::fs::create_dir_all(folder)
            .map_err(|error| object_store::Error::Generic { store: "disk", source: error.into() })?;
        let disk = LocalFileSystem::new_with_prefix(folder)?;
        Ok(self.disk.get_or_init(|| disk))
    }

    fn at(
        &self,
        place: Place,
        name: &FileName,
    ) -> Result<(&dyn ObjectStore, ObjectPath), object_store::Error> {
        match (place, &self.place.bucket) {
            (Place::Disk, _) => Ok((self.disk()?, name.object())),
            (Place::Bucket, Some(bucket)) => {
                let path = bucket
                    .prefix
                    .parts()
                    .chain(name.object().parts().map(|part| part.as_ref().to_owned().into()))
                    .collect();
                Ok((bucket.objects.as_ref(), path))
            }
            (Place::Bucket, None) => Err(object_store::Error::Generic {
                store: "bucket",
                source:
                    "the recording is in a bucket, and no bucket is configured (SWITCHBOARD_RECORDINGS_URL)"
                        .into(),
            }),
        }
    }

    pub(super) async fn length(&self, place: Place, name: &FileName) -> Result<u64, object_store::Error> {
        let (objects, path) = self.at(place, name)?;
        Ok(objects.head(&path).await?.size)
    }

    pub(super) async fn read(
        &self,
        place: Place,
        name: &FileName,
        range: std::ops::Range<u64>,
    ) -> Result<Bytes, object_store::Error> {
        let (objects, path) = self.at(place, name)?;
        objects.get_range(&path, range).await
    }

    /// Removes the file. One that is gone already is as good.
    pub(super) async fn remove(&self, place: Place, name: &FileName) -> Result<(), object_store::Error> {
        let (objects, path) = self.at(place, name)?;
        match objects.delete(&path).await {
            Ok(()) | Err(object_store::Error::NotFound { .. }) => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// Copies the file from the disk into the bucket, in pieces, and makes sure that it is there whole.
    pub(super) async fn upload(&self, name: &FileName) -> Result<(), RecordingError> {
        let doing = || format!("bring {} into the bucket", name.0);
        let (objects, path) =
            self.at(Place::Bucket, name).map_err(|error| RecordingError::file(doing(), error))?;
        let on_disk = self.on_disk(name);
        let io = |error| RecordingError::disk(doing(), error);
        let mut file = tokio::fs::File::open(&on_disk).await.map_err(io)?;
        let length = file.metadata().await.map_err(io)?.len();
        let bucket = |error| RecordingError::file(doing(), error);
        if length <= PART as u64 {
            let mut whole = Vec::new();
            file.read_to_end(&mut whole).await.map_err(io)?;
            objects.put(&path, whole.into()).await.map_err(bucket)?;
        } else {
            let upload = objects.put_multipart(&path).await.map_err(bucket)?;
            let mut writing = WriteMultipart::new_with_chunk_size(upload, PART);
            loop {
                let mut part = Vec::with_capacity(PART);
                (&mut file).take(PART as u64).read_to_end(&mut part).await.map_err(io)?;
                if part.is_empty() {
                    break;
                }
                writing.wait_for_capacity(PARTS_AT_ONCE).await.map_err(bucket)?;
                writing.put(part.into());
            }
            writing.finish().await.map_err(bucket)?;
        }
        let arrived = objects.head(&path).await.map_err(bucket)?.size;
        if arrived != length {
            let short = format!("{arrived} of {length} bytes arrived");
            return Err(bucket(object_store::Error::Generic { store: "bucket", source: short.into() }));
        }
        Ok(())
    }
}

impl fmt::Debug for RecordingFiles {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.place.fmt(f)
    }
}
