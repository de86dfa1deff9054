// The memory map: everything above this address belongs to the plan that owns the instance.

/** First free byte of linear memory. The host lays its regions out from here, 16-byte aligned, and never moves them. */
export function heapBase(): usize {
  return __heap_base;
}
