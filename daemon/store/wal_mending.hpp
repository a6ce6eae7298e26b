/// What SQLite would drop without a word: whole transactions of a WAL that stand behind a damaged place.
#pragma once

#include <string>

namespace outreachd::store {

/// SQLite reads a WAL up to the first frame whose checksum doesn't hold, and writes on from there: right for
/// a crash in the midst of a write, and the loss of every commit behind it where a bit has flipped. Each
/// frame's checksum goes on from the stored one of the frame before, so what is whole can be told
/// nevertheless. Where commits stand behind a damaged frame, the WAL is replaced by one in which they count,
/// the damaged page as it is; the one that was found is kept as `…-wal.damaged`. The database mustn't be
/// written to any more then, only carried over: a page of it may be damaged.
///
/// The same where the database itself is empty: it gets what a fresh one has.
///
/// The last transaction is another matter: where the machine died before that was flushed, its pieces look
/// like damage, and nobody was told that it is stored. It counts only where every frame of it is whole, or
/// can be made so again to the bit. So damage within the last commit, which was flushed, loses that one,
/// unseen.
///
/// Of a WAL that is whole, what stands behind its last commit is cut off, so that no later look takes it for
/// flushed.
///
/// True: it was mended, now or by an earlier call that got no further. Not while any connection of this
/// process has the database open. Reads the WAL once. Throws std::system_error where it can't be opened, or
/// the new one can't be written: then the one that was found is in its place still, or kept as damaged with
/// none in its place, and the database must not be read before another call has succeeded.
bool mend_wal(const std::string& database_file);

/// Behind the name of the database: the WAL that was found damaged.
inline constexpr const char* damaged_wal_suffix = "-wal.damaged";
/// What is being written in the place of the WAL, and of an empty database.
inline constexpr const char* new_wal_suffix = "-wal.new";
inline constexpr const char* new_database_suffix = ".new";

} // namespace outreachd::store
