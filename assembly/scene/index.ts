// The kernels of the simulator, a module of their own: who only listens to video does not carry them.
export * from '../arena';
export * from './canvas';
export * from './sensor';
