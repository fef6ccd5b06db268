// The program that start-up is compared with: a module that does nothing.
export {};
