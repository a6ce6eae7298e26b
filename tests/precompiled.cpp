// A library has a source; this one's purpose is its precompiled header.
