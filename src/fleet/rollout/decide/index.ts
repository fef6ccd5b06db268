export { decide } from './decide.ts';
export { explainDevice, type Advice, type Explanation, type ExplainRequest, type WaitReason } from './explain.ts';
