/**
 * What a program writes to steer a terminal. In order: colours and cursor moves (`ESC [ … letter`), titles and links
 * (`ESC ] … BEL`), strings for devices, and the short ones. Each is found in one pass over any text.
 */
export const escapeSequence =
  /\u001B(?:\[[0-?]*[ -/]*[@-~]|\][^\u0007\u001B\n]*(?:\u0007|\u001B\\)|[PX^_][^\u001B\n]*\u001B\\|[ -/]+[0-~]|[0-OQ-WYZ\\`-~])/g;
