// Wakes the islands of this page once it has been painted. Loads nothing where there are none.
((script, wasm) => {
  // The callbacks by which an island learns that its children, rendered outside of it, are about to be woken.
  const parents = [];

  const wake = async (element, module) => {
    const name = element.dataset.component;
    if (!module[name]) return console.warn(`no island called ${name}`);
    parents.at(-1)?.();
    await module[name](element);
  };

  // In document order, outer islands before the ones inside them.
  const visit = async (node, module) => {
    const tag = node.localName;
    if (tag === "leptos-island") await wake(node, module);
    if (tag === "leptos-children") parents.push(node.$$on_hydrate);
    for (const child of [...node.children]) await visit(child, module);
    if (tag === "leptos-children") parents.pop();
  };

  const start = async () => {
    const module = await import(script);
    await module.default({ module_or_path: wasm });
    globalThis.__hydrateIsland = (element, name) => module[name]?.(element);
    module.hydrate();
    await visit(document.body, module);
    document.documentElement.dataset.islands = "awake";
  };

  // Told by the browser itself where it says so; else a frame's callback runs before its paint, a task queued there after it.
  const afterPaint = (then) => {
    if (!PerformanceObserver.supportedEntryTypes?.includes("paint")) return requestAnimationFrame(() => setTimeout(then));
    new PerformanceObserver((_, observer) => {
      observer.disconnect();
      then();
    }).observe({ type: "paint", buffered: true });
  };

  if (document.querySelector("leptos-island")) afterPaint(start);
})
