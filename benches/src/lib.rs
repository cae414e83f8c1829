//! Claims about speed, with the programs that reproduce them.
