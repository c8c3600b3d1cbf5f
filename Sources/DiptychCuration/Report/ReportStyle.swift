/// The style of a report, light and dark as the reader's system is.
package enum ReportStyle {
    package static let css = """
        :root { color-scheme: light dark; --ground: #f6f7f9; --card: #ffffff; --ink: #1c2127; --soft: #565f6b; --line: #d9dee5;
          --bar: #2f6fd0; --error: #b3261e; --warning: #8a5a00; }
        @media (prefers-color-scheme: dark) { :root { --ground: #14171b; --card: #1d2126; --ink: #e8ebef; --soft: #a3acb8;
          --line: #353c45; --bar: #7aa7f0; --error: #ff8a80; --warning: #f2bd5a; } }
        * { box-sizing: border-box; }
        body { margin: 0; background: var(--ground); color: var(--ink); font: 16px/1.5 system-ui, -apple-system, "Segoe UI", Roboto,
          "Noto Sans", "Noto Sans CJK SC", sans-serif; }
        main { max-width: 72rem; margin: 0 auto; padding: 1.5rem 1rem 4rem; }
        h1 { font-size: 1.6rem; margin: 0 0 .25rem; overflow-wrap: anywhere; }
        h2 { font-size: 1.15rem; margin: 2.25rem 0 .75rem; }
        p { margin: .25rem 0; }
        .note, .place { color: var(--soft); font-size: .875rem; }
        .place { overflow-wrap: anywhere; }
        .grid { display: grid; gap: 1rem; grid-template-columns: repeat(auto-fill, minmax(min(100%, 20rem), 1fr)); align-items: start; }
        .card { background: var(--card); border: 1px solid var(--line); border-radius: .6rem; padding: 1rem; margin: 0; min-width: 0; }
        .totals { grid-template-columns: repeat(auto-fill, minmax(9rem, 1fr)); }
        .totals .card { padding: .75rem 1rem; }
        .totals b { display: block; font-size: 1.5rem; line-height: 1.2; font-variant-numeric: tabular-nums; }
        .totals span { color: var(--soft); font-size: .875rem; }
        figcaption { font-weight: 600; margin-bottom: .5rem; }
        svg { display: block; width: 100%; height: auto; }
        svg text { fill: var(--soft); font-size: 13px; }
        .bar { fill: var(--bar); }
        .axis { stroke: var(--line); }
        .facts { display: flex; flex-wrap: wrap; gap: .25rem 1.25rem; margin: .5rem 0 .25rem; font-size: .875rem; }
        .facts dt { color: var(--soft); }
        .facts dd { margin: 0; font-variant-numeric: tabular-nums; }
        details { font-size: .875rem; margin-top: .5rem; }
        summary { cursor: pointer; color: var(--soft); }
        summary:focus-visible { outline: 2px solid var(--bar); outline-offset: 2px; }
        .scroll { overflow-x: auto; }
        table { border-collapse: collapse; width: 100%; }
        th, td { text-align: start; padding: .3rem .6rem .3rem 0; border-bottom: 1px solid var(--line); font-weight: 400; }
        thead th { color: var(--soft); font-size: .875rem; }
        .n { text-align: end; font-variant-numeric: tabular-nums; white-space: nowrap; }
        .names th { overflow-wrap: anywhere; }
        .meter { width: 34%; }
        .meter svg { height: .5rem; }
        .images { display: grid; gap: .75rem; grid-template-columns: repeat(auto-fill, minmax(9.5rem, 1fr)); list-style: none; padding: 0; margin: 0; }
        .images li { background: var(--card); border: 1px solid var(--line); border-radius: .6rem; padding: .6rem; min-width: 0; }
        .images img, .images .gone { width: 100%; aspect-ratio: 1; object-fit: contain; background: var(--ground); border-radius: .3rem; display: block; }
        .images .gone { display: grid; place-items: center; color: var(--soft); font-size: .875rem; }
        .images p { font-size: .875rem; overflow-wrap: anywhere; }
        .error { color: var(--error); font-weight: 600; }
        .warning { color: var(--warning); font-weight: 600; }
        ul.plain { margin: .25rem 0 0; padding-inline-start: 1.1rem; font-size: .875rem; overflow-wrap: anywhere; }
        """
}
