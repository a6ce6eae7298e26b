/// The way through a list that comes in pages: to its newest, and to older ones.
import { query } from "./asking.js";
import { element } from "./element.js";

export class pages {
  /// `route`: the view's, as in "#/events". `size`: of a whole page.
  constructor(route, size) {
    this.route = route;
    this.size = size;
    this.newest = element("a", { class: "button" }, "Newest");
    this.older = element("a", { class: "button" }, "Older");
    this.node = element("nav", { class: "pages", "aria-label": "Pages" }, this.newest, this.older);
  }

  /// `parameters` lead to the page that holds `found`.
  show(found, parameters) {
    this.newest.hidden = !parameters.before;
    this.newest.href = this.route + query({ ...parameters, before: null });
    this.older.hidden = found.length < this.size;
    if (found.length > 0) this.older.href = this.route + query({ ...parameters, before: found.at(-1).id });
    this.node.hidden = this.newest.hidden && this.older.hidden;
  }
}
