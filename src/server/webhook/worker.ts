/** The thread that judges changes; `judge.ts` starts it and talks to it. */

import { parentPort, workerData } from 'node:worker_threads';
import { Admission, type AdmissionOptions } from './admission.ts';
import { runJudge, type ToJudge } from './judging.ts';

const admission = new Admission(workerData as AdmissionOptions);

parentPort?.on('message', (message: ToJudge) => {
  runJudge(admission, message, (answer) => parentPort?.postMessage(answer));
});
