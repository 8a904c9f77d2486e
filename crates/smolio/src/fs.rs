//! Files and directories: async-fs, as it is. What `std::fs` has is here under the same names, on threads that wait for the disk.
//!
//! asyncio has nothing for files; its users take aiofiles, or `to_thread`. For several steps in a row [`to_thread`](crate::to_thread) is the faster
//! way here, too: one thread does them all.
//!
//! | aiofiles | here |
//! |---|---|
//! | `async with aiofiles.open(path) as f: await f.read()` | `fs::read_to_string(path).await`, `fs::read(path).await` |
//! | `async with aiofiles.open(path, "w") as f: await f.write(text)` | `fs::write(path, text).await` |
//! | `aiofiles.open(path, "a")` | `OpenOptions::new().append(true).open(path).await` |
//! | `aiofiles.os.remove`, `rename`, `mkdir`, `stat` | `remove_file`, `rename`, `create_dir`, `metadata` |
//! | `aiofiles.os.scandir(path)` | `read_dir(path).await`: a stream |
//! | `aiofiles.tempfile` | the crate tempfile makes the path |
//!
//! ```
//! # smolio::run(async {
//! use futures_lite::{AsyncWriteExt, StreamExt};
//! use smolio::fs;
//!
//! let directory = std::env::temp_dir().join(format!("smolio-fs-{}", std::process::id()));
//! fs::create_dir(&directory).await?;
//! fs::write(directory.join("a"), "one line\n").await?;
//!
//! let mut file = fs::OpenOptions::new().append(true).open(directory.join("a")).await?;
//! file.write_all(b"another\n").await?;
//! file.flush().await?; // what was not flushed may be lost when the file is dropped
//! assert_eq!(fs::read_to_string(directory.join("a")).await?, "one line\nanother\n");
//!
//! let mut entries = fs::read_dir(&directory).await?;
//! while let Some(entry) = entries.try_next().await? {
//!     assert_eq!(entry.file_name(), "a");
//! }
//! fs::remove_dir_all(&directory).await?;
//! # std::io::Result::Ok(())
//! # }).unwrap();
//! ```
//!
//! # Cancel safety
//! A call that is dropped half-way is not undone, and may go on for a while: its thread cannot be stopped. `write` may have
//! written a part; to replace a file as a whole write another one beside it, and `rename` that.

#[cfg(unix)]
#[doc(no_inline)]
pub use async_fs::unix;
#[cfg(windows)]
#[doc(no_inline)]
pub use async_fs::windows;
#[doc(no_inline)]
pub use async_fs::{
    DirBuilder, DirEntry, File, FileType, Metadata, OpenOptions, Permissions, ReadDir,
    canonicalize, copy, create_dir, create_dir_all, hard_link, metadata, read, read_dir, read_link,
    read_to_string, remove_dir, remove_dir_all, remove_file, rename, set_permissions,
    symlink_metadata, write,
};
