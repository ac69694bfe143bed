/** What the engine thread runs. */
import { runEngineThread } from './app/engine/thread.ts';

await runEngineThread();
