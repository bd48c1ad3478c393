#!/usr/bin/env bash
# Writes plots.html, the page of `dvc plots show`, with Vega inside: DVC's own loads it from a CDN.
# Needs npm. The majors are those that dvc-render's specifications are written for.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
trap 'rm -r "$work"' EXIT
cd "$work"
{
  echo '<!DOCTYPE html>'
  echo '<html lang="en"><head><meta charset="utf-8"><title>dvc plots</title>'
  echo '<style>body { font-family: sans-serif } table { border-spacing: 15px }</style>'
  echo '<!-- Written by .dvc/write_page.sh. Vega, Vega-Lite and Vega-Embed: BSD-3-Clause, University of'
  echo 'Washington Interactive Data Lab; terms in NOTICE. -->'
  for package in vega@5 vega-lite@5 vega-embed@6; do
    file=$(npm pack --silent "$package")
    mkdir "${package%@*}" && tar xzf "$file" -C "${package%@*}"
    echo "<script>/* ${file%.tgz} */"
    grep -v sourceMappingURL "${package%@*}/package/build/${package%@*}.min.js"
    echo '</script>'
  done
  echo '</head><body><main>'
  echo '{plot_divs}'
  echo '</main></body></html>'
} > page.html
mv page.html "$here/plots.html"
