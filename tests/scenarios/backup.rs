//! A backup of an exchange that runs is restored elsewhere, and what was recorded can be heard there.

use std::path::{Path, PathBuf};

use reqwest::Method;
use switchboard::backup::{self, BackupError};
use switchboard::config::{Config, Settings};
use switchboard::wiring::{self, StartError};
use switchboard_core::time::Timestamp;
use switchboard_simulator::{CallState, NewCall};

use crate::support::recording::{begin, recorded, sound};
use crate::support::world::{API_KEY, World, free_address};

const NOW: Timestamp = Timestamp::from_seconds(1_795_176_000);
const SIZE: usize = 50_000;

/// The settings of an exchange like this one, in another folder and at another address.
fn elsewhere(world: &World, folder: &Path) -> Settings {
    let mut settings = world.settings().clone();
    settings.set("SWITCHBOARD_DATA_DIR", folder.display().to_string());
    settings.set("SWITCHBOARD_LISTEN", free_address());
    settings
}

fn config(settings: &Settings) -> Config {
    Config::read(settings).expect("good settings")
}

async fn backed_up(world: &World, to: &Path, with_keys: bool) -> PathBuf {
    let made = backup::make(&config(world.settings()), to, with_keys, NOW, |_| {}).await;
    made.expect("a backup").0
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restored_exchange_knows_its_calls_and_plays_its_recordings() {
    let world = World::with_destination("echo").await;
    let call = world.call(NewCall::default());
    world.customer_is(&call.id, CallState::Accepted).await;
    let row = world.row(&call.wacid).await.expect("the call");
    let engine = &world.exchange().engine;
    let (id, mut live) = (recorded(engine, &row, SIZE).await, begin(engine, &row).await);
    live.append(sound(20_000).into()).await.expect("taken");
    let place = tempfile::tempdir().expect("a folder");

    // While the exchange runs, with a live call and a recording that is being written.
    let archive = backed_up(&world, place.path(), false).await;
    let bytes = std::fs::read(&archive).expect("the archive");
    let keys = std::fs::read_to_string(world.folder().join("keys")).expect("the keys");
    let secret = keys.lines().last().expect("a key").split(' ').nth(1).expect("it").to_owned();
    for words in [b"OggS".as_slice(), secret.as_bytes(), b"v=0\r\n"] {
        assert!(!bytes.windows(words.len()).any(|some| some == words), "the archive tells secrets");
    }
    let (folder, settings) = {
        let folder = place.path().join("new");
        (folder.clone(), elsewhere(&world, &folder))
    };
    let mut told = 0;
    let read = config(&settings);
    let restored = backup::restore(&read, &archive, None, false, NOW, move |progress| {
        told += 1;
        assert!(progress.done <= progress.of && told > 0);
    });
    let restored = restored.await.expect("restored");
    assert!(!restored.has_keys && restored.put_aside.is_none());

    // Without its keys it says so and does not start; no new ones are made over the old data.
    let refusal = wiring::start(config(&settings)).await.expect_err("no keys");
    let StartError::Store(why) = &refusal else { panic!("{refusal:?}") };
    assert!(why.to_string().contains("keys") && why.to_string().contains("does not exist"), "{why}");
    std::fs::copy(world.folder().join("keys"), folder.join("keys")).expect("the copy is put there");

    let running = wiring::start(config(&settings)).await.expect("it starts");
    let get = async |path: &str| {
        let url = format!("http://{}{path}", running.address);
        world.client().request(Method::GET, url).bearer_auth(API_KEY).send().await.expect("an answer")
    };
    let played = get(&format!("/api/v1/recordings/{id}/audio")).await;
    assert_eq!(played.bytes().await.expect("the sound"), sound(SIZE));
    assert_eq!(get(&format!("/api/v1/calls/{}", row.id)).await.status(), 200);
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_overwritten_and_nothing_broken_is_restored() {
    let world = World::with_destination("agents").await;
    let place = tempfile::tempdir().expect("a folder");
    let archive = backed_up(&world, &place.path().join("one.tar"), true).await;
    let again = backup::make(&config(world.settings()), &archive, true, NOW, |_| {}).await;
    assert!(matches!(again, Err(BackupError::AlreadyThere(_))), "{again:?}");

    let folder = place.path().join("new");
    std::fs::create_dir_all(&folder).expect("a folder");
    std::fs::write(folder.join("precious"), "words").expect("written");
    let config = config(&elsewhere(&world, &folder));
    let restore =
        async |archive: &Path, force| backup::restore(&config, archive, None, force, NOW, |_| {}).await;
    let refusal = restore(&archive, false).await;
    assert!(matches!(refusal, Err(BackupError::NotEmpty { .. })), "{refusal:?}");

    // One changed byte, a torn end, and something that is no archive.
    let whole = std::fs::read(&archive).expect("the archive");
    let mut changed = whole.clone();
    changed[5_000] ^= 1;
    let nonsense = b"not a tar file at all".repeat(100);
    for (name, bytes) in
        [("changed", changed.as_slice()), ("torn", &whole[..whole.len() / 2]), ("nonsense", &nonsense)]
    {
        let path = place.path().join(name);
        std::fs::write(&path, bytes).expect("written");
        let refusal = restore(&path, true).await;
        assert!(matches!(refusal, Err(BackupError::Damaged { .. })), "{name}: {refusal:?}");
    }
    let untouched: Vec<_> =
        std::fs::read_dir(&folder).expect("a list").map(|entry| entry.expect("it").file_name()).collect();
    assert_eq!(untouched, ["precious"]);

    let restored = restore(&archive, true).await.expect("with force");
    let aside = restored.put_aside.expect("what was there is kept");
    assert_eq!(std::fs::read_to_string(aside.join("precious")).expect("kept"), "words");
    assert!(restored.has_keys && restored.manifest.with_keys);
    wiring::start(config_of(&world, &folder)).await.expect("it starts with its own keys").stop().await;
}

fn config_of(world: &World, folder: &Path) -> Config {
    config(&elsewhere(world, folder))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restore_takes_neither_a_running_exchanges_files_nor_the_keys_of_what_it_puts_aside() {
    let world = World::with_destination("agents").await;
    let place = tempfile::tempdir().expect("a folder");
    // Made in the data folder itself: the next backup does not hold it.
    backed_up(&world, world.folder(), true).await;
    let made = backup::make(&config(world.settings()), place.path(), true, NOW, |_| {}).await;
    let (archive, manifest) = made.expect("a backup");
    assert!(!manifest.files.iter().any(|file| file.path.ends_with(".tar")), "{:?}", manifest.files);

    let refusal = backup::restore(&config(world.settings()), &archive, None, true, NOW, |_| {}).await;
    assert!(matches!(refusal, Err(BackupError::Running { .. })), "{refusal:?}");
    // Nor does a second exchange begin on the same folder: it would end the first one's calls.
    let refusal = wiring::start(config_of(&world, world.folder())).await.expect_err("in use");
    assert!(matches!(refusal, StartError::FolderInUse(_)), "{refusal:?}");

    // Another installation makes room; what it leaves can still be read.
    let folder = place.path().join("other");
    wiring::start(config_of(&world, &folder)).await.expect("it starts").stop().await;
    let keys = |folder: &Path| std::fs::read_to_string(folder.join("keys")).expect("keys");
    let before = keys(&folder);
    let restored = backup::restore(&config_of(&world, &folder), &archive, None, true, NOW, |_| {}).await;
    let aside = restored.expect("restored").put_aside.expect("what was there is kept");
    assert_eq!(keys(&aside), before);
    assert_eq!(keys(&folder), keys(world.folder()));
    wiring::start(config_of(&world, &folder)).await.expect("it starts").stop().await;
    drop(world);
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_from_a_copy_that_everybody_may_read_become_their_owners_alone() {
    use std::os::unix::fs::PermissionsExt;
    let world = World::with_destination("agents").await;
    let place = tempfile::tempdir().expect("a folder");
    let archive = backed_up(&world, place.path(), false).await;
    let (copy, folder) = (place.path().join("copy"), place.path().join("new"));
    std::fs::copy(world.folder().join("keys"), &copy).expect("copied");
    std::fs::set_permissions(&copy, std::fs::Permissions::from_mode(0o644)).expect("readable");
    let target = config_of(&world, &folder);
    let restored =
        backup::restore(&target, &archive, Some(&copy), false, NOW, |_| {}).await.expect("restored");
    assert!(restored.has_keys);
    let mode = std::fs::metadata(folder.join("keys")).expect("the keys").permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    wiring::start(target).await.expect("it starts").stop().await;
}
