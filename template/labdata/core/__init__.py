"""Pure decisions and the words for them: no disk, no network, no clock."""
