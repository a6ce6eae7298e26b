# The framing gate is pure parsing: its own library, so that its tests and fuzz targets need no Asio.
outreachd_library(outreachd_framing PRECOMPILED
  SOURCES head_gate.cpp chunk_reader.cpp
  LINKS outreachd_event)
