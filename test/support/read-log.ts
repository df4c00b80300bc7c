/** Reads the log that is named, and prints how much room V8 had for young objects then, in MB. */
import { getHeapSpaceStatistics } from 'node:v8';
import { createForeignReader, recogniseFile } from '../../src/conversation/foreign.ts';

const [, , path = ''] = process.argv;
const { format } = await recogniseFile(path);
const { conversation } = await createForeignReader().read(path, format);
const young = getHeapSpaceStatistics().find(({ space_name }) => space_name === 'new_space');
console.log(
  JSON.stringify({ messages: conversation.messages.length, youngMb: (young?.space_size ?? 0) / 1e6 }),
);
