/** What can be simulated; apart from the use-case, so that a command can name the models without loading it. */
export { models, type Model } from '../../device/index.ts';
